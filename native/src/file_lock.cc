#include "file_lock.h"

#include <sys/file.h>

namespace kvnest {

bool LockFile(int fd) { return flock(fd, LOCK_EX | LOCK_NB) == 0; }

}  // namespace kvnest
