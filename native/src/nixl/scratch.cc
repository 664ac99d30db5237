#include "scratch.h"

#include <sys/mman.h>

#include <iterator>

namespace kvnest::nixl {

Scratch::Scratch(size_t bytes) : bytes_(bytes) {
  void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  data_ = data == MAP_FAILED ? nullptr : static_cast<char*>(data);
  if (data_ == nullptr) bytes_ = 0;
  if (bytes_ > 0) free_.emplace(0, bytes_);
}

Scratch::~Scratch() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

char* Scratch::Take(size_t bytes) {
  static char nothing;
  if (bytes == 0) return &nothing;
  for (auto run = free_.begin(); run != free_.end(); ++run) {
    const auto [offset, length] = *run;
    if (length < bytes) continue;
    free_.erase(run);
    if (length > bytes) free_.emplace(offset + bytes, length - bytes);
    return data_ + offset;
  }
  return nullptr;
}

void Scratch::GiveBack(char* piece, size_t bytes) {
  if (bytes == 0 || data_ == nullptr) return;
  auto run = free_.emplace(static_cast<size_t>(piece - data_), bytes).first;
  const auto next = std::next(run);
  if (next != free_.end() && run->first + run->second == next->first) {
    run->second += next->second;
    free_.erase(next);
  }
  if (run == free_.begin()) return;
  const auto previous = std::prev(run);
  if (previous->first + previous->second != run->first) return;
  previous->second += run->second;
  free_.erase(run);
}

}  // namespace kvnest::nixl
