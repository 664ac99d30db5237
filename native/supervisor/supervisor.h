#pragma once

#include <cstdint>

#include "launch.h"
#include "life_line.h"
#include "options.h"

namespace kvnest {

// One plugin from its start until nothing of it is left.
class Supervisor {
 public:
  Supervisor(const Options& options, LifeLine& life_line, int signal_fd);

  // Returns when no descendant is left.
  void Run(const Launch& launch);

 private:
  static constexpr int64_t kNever = INT64_MAX;

  void Wait();
  void TakeSignals();
  void ReadLaunchResult();
  bool Reap();
  void TakeExit(int status);
  void Stop(int64_t grace_ms);
  void ServerIsGone();
  bool Killing() const;

  const Options& options_;
  LifeLine& life_line_;
  const int signal_fd_;

  pid_t plugin_ = -1;
  bool alive_ = true;
  int result_fd_ = -1;
  bool failed_ = false;
  bool asked_ = false;  // SIGTERM was sent to the plugin's group.
  bool orphaned_ = false;
  int64_t deadline_ms_ = kNever;
  int64_t pause_ms_ = 1;
};

}  // namespace kvnest
