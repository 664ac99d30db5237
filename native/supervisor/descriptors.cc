#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace kvnest {

void CloseDescriptorsFrom(int first) {
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) return;
  // A kernel before 5.9.
  DIR* open_ones = opendir("/proc/self/fd");
  if (open_ones == nullptr) return;
  while (const dirent* entry = readdir(open_ones)) {
    const int fd = atoi(entry->d_name);
    if (fd >= first && fd != dirfd(open_ones)) close(fd);
  }
  closedir(open_ones);
}

void ReplaceOutputByNull() {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
    if (null >= 0) {
      dup2(null, fd);
    } else {
      close(fd);
    }
  }
  if (null > STDERR_FILENO) close(null);
}

}  // namespace kvnest
