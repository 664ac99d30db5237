#pragma once

#include <sys/types.h>

namespace kvnest {

// The command line: <server pid> <orphan grace in ms> <nice> <memory in bytes, 0 = no limit> <cwd> <command> [argument…]
struct Options {
  pid_t server;
  long orphan_grace_ms;
  int nice;
  unsigned long long memory_bytes;
  const char* cwd;
  char** command;
};

// False when the arguments are none of ours.
bool ParseOptions(int argc, char** argv, Options& options);

}  // namespace kvnest
