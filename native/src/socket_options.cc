#include "socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
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

bool AcknowledgeNow(int fd) {
#ifdef TCP_QUICKACK
  const int now = 1;
  return setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now) == 0;
#else
  return false;
#endif
}

}  // namespace kvnest
