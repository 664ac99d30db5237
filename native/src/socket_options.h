#pragma once

namespace kvnest {

// Sets the kernel's buffers of a socket, 0 = leave as it is. The kernel caps them; false when `fd` is no socket.
bool TuneSocket(int fd, int send_bytes, int receive_bytes);

}  // namespace kvnest
