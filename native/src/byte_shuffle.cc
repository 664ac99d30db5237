#include "byte_shuffle.h"

#include <cstring>

namespace kvnest {
namespace {

// With a length that the compiler knows it makes vectors of the inner loop.
template <size_t kBytes>
void Shuffle(const uint8_t* source, size_t count, uint8_t* target) {
  for (size_t i = 0; i < count; i++) {
    for (size_t byte = 0; byte < kBytes; byte++) target[byte * count + i] = source[i * kBytes + byte];
  }
}

template <size_t kBytes>
void Unshuffle(const uint8_t* source, size_t count, uint8_t* target) {
  for (size_t i = 0; i < count; i++) {
    for (size_t byte = 0; byte < kBytes; byte++) target[i * kBytes + byte] = source[byte * count + i];
  }
}

}  // namespace

void ShuffleBytes(const uint8_t* source, size_t bytes, uint8_t* target, size_t element_bytes) {
  const size_t count = bytes / element_bytes;
  const size_t whole = count * element_bytes;
  std::memcpy(target + whole, source + whole, bytes - whole);
  switch (element_bytes) {
    case 1: std::memcpy(target, source, bytes); return;
    case 2: Shuffle<2>(source, count, target); return;
    case 4: Shuffle<4>(source, count, target); return;
    case 8: Shuffle<8>(source, count, target); return;
  }
  for (size_t byte = 0; byte < element_bytes; byte++) {
    for (size_t i = 0; i < count; i++) target[byte * count + i] = source[i * element_bytes + byte];
  }
}

void UnshuffleBytes(const uint8_t* source, size_t bytes, uint8_t* target, size_t element_bytes) {
  const size_t count = bytes / element_bytes;
  const size_t whole = count * element_bytes;
  std::memcpy(target + whole, source + whole, bytes - whole);
  switch (element_bytes) {
    case 1: std::memcpy(target, source, bytes); return;
    case 2: Unshuffle<2>(source, count, target); return;
    case 4: Unshuffle<4>(source, count, target); return;
    case 8: Unshuffle<8>(source, count, target); return;
  }
  for (size_t byte = 0; byte < element_bytes; byte++) {
    for (size_t i = 0; i < count; i++) target[i * element_bytes + byte] = source[byte * count + i];
  }
}

}  // namespace kvnest
