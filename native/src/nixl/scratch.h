#pragma once

#include <cstddef>
#include <map>

namespace kvnest::nixl {

// Memory for the headers that transfers bring, in pieces that one thread takes and gives back.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  // Unmaps, unless `Abandon` was called.
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  // nullptr when there is no room. A piece of no bytes is never nullptr.
  char* Take(size_t bytes);
  void GiveBack(char* piece, size_t bytes);

  // Somebody may still write to it.
  void Abandon() { data_ = nullptr; }

 private:
  char* data_;
  size_t bytes_;
  // Free runs: where they start, and how long they are.
  std::map<size_t, size_t> free_;
};

}  // namespace kvnest::nixl
