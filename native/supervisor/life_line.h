#pragma once

#include <cstddef>

namespace kvnest {

// The socket to the server, descriptor 3: lines both ways, and its end is the server's end.
class LifeLine {
 public:
  static constexpr int kFd = 3;

  // Not passed on to the plugin, and never waited for.
  void Prepare();

  // A line. Ignored once the server is gone.
  void Send(const char* word, long number);
  void Send(const char* word, const char* detail, long number);

  // Reads what is there. Grace of the last `stop <ms>` line, -1 = none.
  long ReadStop();

  bool closed() const { return closed_; }

 private:
  void Write(const char* line, int length);
  void TakeLine(long& stop_ms);

  bool closed_ = false;
  char line_[32];
  size_t length_ = 0;
};

}  // namespace kvnest
