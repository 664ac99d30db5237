#include "socket_options.h"

#include <sys/socket.h>

namespace kvnest {
namespace {

bool Set(int fd, int option, int bytes) {
  return bytes == 0 || setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes) == 0;
}

}  // namespace

bool TuneSocket(int fd, int send_bytes, int receive_bytes) {
  const bool sent = Set(fd, SO_SNDBUF, send_bytes);
  return Set(fd, SO_RCVBUF, receive_bytes) && sent;
}

}  // namespace kvnest
