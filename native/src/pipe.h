#pragma once

namespace kvnest {

// A pipe that no child process inherits unasked. fds = reading end, writing end. False when there are too many descriptors.
bool CreatePipe(int (&fds)[2]);

}  // namespace kvnest
