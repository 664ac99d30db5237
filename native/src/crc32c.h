#pragma once

#include <cstddef>
#include <cstdint>

namespace kvnest {

// Works on the raw state: the caller inverts before and after.
using Crc32cFunction = uint32_t (*)(uint32_t state, const uint8_t* data, size_t length);

struct Crc32cImplementation {
  const char* name;
  Crc32cFunction function;
};

// The best of this processor.
const Crc32cImplementation& BestCrc32c();

// CRC-32C (Castagnoli) of `length` bytes, chained by `previous`.
uint32_t Crc32c(const uint8_t* data, size_t length, uint32_t previous);

// Each looks at the processor and answers {nullptr, nullptr} where it cannot run.
Crc32cImplementation Crc32cX86();
Crc32cImplementation Crc32cArm();

}  // namespace kvnest
