#pragma once

#include <sys/types.h>

#include "options.h"

namespace kvnest {

// Why a plugin could not be started: what failed, and its errno.
struct LaunchFailure {
  char step[8];
  int error;
};

struct Launch {
  pid_t pid;      // -1: there is no process, and `failure` says why.
  int result_fd;  // Ends without a byte when the plugin runs; else it carries a LaunchFailure.
  LaunchFailure failure;
};

// Forks and executes the plugin in a session of its own.
Launch StartPlugin(const Options& options);

}  // namespace kvnest
