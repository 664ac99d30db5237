#include "children.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kvnest {
namespace {

bool IsNumber(const char* name) { return name[0] >= '1' && name[0] <= '9'; }

// Numbers, each followed by a space.
bool AddPids(const char* path, PidList& pids) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[4096];
  ssize_t length;
  pid_t pid = 0;
  while ((length = read(fd, text, sizeof text)) > 0) {
    for (ssize_t i = 0; i < length; i++) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid > 0) {
        pids.Add(pid);
        pid = 0;
      }
    }
  }
  close(fd);
  return true;
}

// "<pid> (<name, any characters>) <state> <parent> …"
pid_t ParentOf(const char* pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[256];
  const ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return -1;
  text[length] = '\0';
  const char* after_name = strrchr(text, ')');
  if (after_name == nullptr || strlen(after_name) < 5) return -1;
  return static_cast<pid_t>(atol(after_name + 4));
}

}  // namespace

bool AddListedChildren(pid_t parent, PidList& children) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR* threads = opendir(path);
  if (threads == nullptr) return false;
  bool listed = false;
  while (const dirent* thread = readdir(threads)) {
    if (!IsNumber(thread->d_name)) continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", parent, thread->d_name);
    if (AddPids(path, children)) listed = true;
  }
  closedir(threads);
  return listed;
}

void ProcessTable::Read() {
  pids_.Clear();
  parents_.Clear();
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* entry = readdir(proc)) {
    if (!IsNumber(entry->d_name)) continue;
    pids_.Add(static_cast<pid_t>(atol(entry->d_name)));
    parents_.Add(ParentOf(entry->d_name));
  }
  closedir(proc);
}

void ProcessTable::AddChildren(pid_t parent, PidList& children) const {
  for (size_t i = 0; i < pids_.count(); i++) {
    if (parents_[i] == parent) children.Add(pids_[i]);
  }
}

}  // namespace kvnest
