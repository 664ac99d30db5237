#include "pipe.h"

#include <fcntl.h>
#include <unistd.h>

namespace kvnest {

bool CreatePipe(int (&fds)[2]) { return pipe2(fds, O_CLOEXEC) == 0; }

}  // namespace kvnest
