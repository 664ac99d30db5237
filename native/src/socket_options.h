#pragma once

namespace kvnest {

// Sets the kernel's buffers of a socket, 0 = leave as it is. The kernel caps them; false when `fd` is no socket.
bool TuneSocket(int fd, int send_bytes, int receive_bytes);

// Acknowledges what `fd` has received, where the kernel would wait for something to send with it; false where that cannot be asked for.
bool AcknowledgeNow(int fd);

}  // namespace kvnest
