#include "descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kvnest {
namespace {

struct Process {
  pid_t pid, parent, group;
};

// Pids of descendants that one pass has met, in the order of /proc, which is ascending. Only the pages in use are resident.
class Met {
 public:
  void Add(pid_t pid) {
    if (count_ < kMost && (count_ == 0 || pids_[count_ - 1] < pid)) pids_[count_++] = pid;
  }
  bool Has(pid_t pid) const { return std::binary_search(pids_, pids_ + count_, pid); }
  void Clear() { count_ = 0; }

 private:
  // More are met by the next pass.
  static constexpr size_t kMost = 1 << 16;
  pid_t pids_[kMost];
  size_t count_ = 0;
};

Met met;

// "<pid> (<name, any characters>) <state> <parent> <group> …"
bool ReadProcess(const char* name, Process& process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/stat", name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[256];
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  const char* after_name = strrchr(text, ')');
  if (after_name == nullptr || strlen(after_name) < 5) return false;
  char* end = nullptr;
  process.pid = static_cast<pid_t>(atol(name));
  process.parent = static_cast<pid_t>(strtol(after_name + 4, &end, 10));
  process.group = static_cast<pid_t>(strtol(end, nullptr, 10));
  return true;
}

}  // namespace

void SignalDescendants(int signal, pid_t except) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  const pid_t self = getpid(), own_group = getpgrp();
  pid_t last_group = 0;
  met.Clear();
  while (const dirent* entry = readdir(proc)) {
    Process process;
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || !ReadProcess(entry->d_name, process)) continue;
    if (process.parent != self && !met.Has(process.parent)) continue;
    met.Add(process.pid);
    if (except != 0 && process.group == except) continue;
    // A group dies at once: none of its members can fork in between. Its members all descend from who opened its session.
    if (signal == SIGKILL && process.group > 1 && process.group != own_group && process.group != last_group) {
      kill(-process.group, signal);
      last_group = process.group;
    }
    kill(process.pid, signal);
  }
  closedir(proc);
}

}  // namespace kvnest
