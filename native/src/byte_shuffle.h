#pragma once

#include <cstddef>
#include <cstdint>

namespace kvnest {

// The first bytes of all elements in front, then the second ones, and so on; what is left of an incomplete one stays at the end.
// As src/protocols/encoded-chunk/byte-shuffle.ts.
void ShuffleBytes(const uint8_t* source, size_t bytes, uint8_t* target, size_t element_bytes);

void UnshuffleBytes(const uint8_t* source, size_t bytes, uint8_t* target, size_t element_bytes);

}  // namespace kvnest
