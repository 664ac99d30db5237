#pragma once

#include <sys/types.h>

#include <cstddef>

namespace kvnest {

// Pids, as many as one look takes; the next look finds the others. Only the pages in use are resident.
class PidList {
 public:
  void Add(pid_t pid) {
    if (count_ < kMost) pids_[count_++] = pid;
  }
  pid_t TakeLast() { return pids_[--count_]; }
  void Clear() { count_ = 0; }
  size_t count() const { return count_; }
  pid_t operator[](size_t index) const { return pids_[index]; }

 private:
  static constexpr size_t kMost = 1 << 16;
  pid_t pids_[kMost];
  size_t count_ = 0;
};

// Adds the children of a process, those of all its threads. False when the kernel does not list them (CONFIG_PROC_CHILDREN),
// or the process is gone.
bool AddListedChildren(pid_t parent, PidList& children);

// All processes and their parents at one moment, for kernels that list no children.
class ProcessTable {
 public:
  void Read();
  void AddChildren(pid_t parent, PidList& children) const;

 private:
  PidList pids_;
  PidList parents_;
};

}  // namespace kvnest
