#pragma once

#include <sys/types.h>

namespace kvnest {

// Sends a signal to every descendant of this process but those of process group `except` (0 = to all). One pass over
// /proc: what forks meanwhile may escape it, so SIGKILL is repeated until there is no child left.
void SignalDescendants(int signal, pid_t except);

}  // namespace kvnest
