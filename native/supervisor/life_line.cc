#include "life_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kvnest {
namespace {

constexpr long kLongestGraceMs = 24 * 60 * 60 * 1000;

}  // namespace

void LifeLine::Prepare() {
  fcntl(kFd, F_SETFD, FD_CLOEXEC);
  fcntl(kFd, F_SETFL, fcntl(kFd, F_GETFL) | O_NONBLOCK);
}

void LifeLine::Send(const char* word, long number) {
  char line[64];
  Write(line, snprintf(line, sizeof line, "%s %ld\n", word, number));
}

void LifeLine::Send(const char* word, const char* detail, long number) {
  char line[64];
  Write(line, snprintf(line, sizeof line, "%s %s %ld\n", word, detail, number));
}

void LifeLine::Write(const char* line, int length) {
  // SIGPIPE is blocked. The three short lines of a life fit the buffer of a socket, read or not.
  if (!closed_ && write(kFd, line, static_cast<size_t>(length)) < 0 && errno != EAGAIN) closed_ = true;
}

long LifeLine::ReadStop() {
  long stop_ms = -1;
  char bytes[256];
  for (;;) {
    const ssize_t count = read(kFd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return stop_ms;
    if (count <= 0) {
      closed_ = true;
      return stop_ms;
    }
    for (ssize_t i = 0; i < count; i++) {
      if (bytes[i] == '\n') {
        TakeLine(stop_ms);
      } else if (length_ < sizeof line_ - 1) {
        line_[length_++] = bytes[i];
      }
    }
  }
}

void LifeLine::TakeLine(long& stop_ms) {
  line_[length_] = '\0';
  length_ = 0;
  if (strncmp(line_, "stop ", 5) != 0) return;
  const long grace_ms = strtol(line_ + 5, nullptr, 10);
  if (grace_ms >= 0 && grace_ms <= kLongestGraceMs) stop_ms = stop_ms < 0 || grace_ms < stop_ms ? grace_ms : stop_ms;
}

}  // namespace kvnest
