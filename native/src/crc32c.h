#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvnest {

// Works on the raw state: `Crc32c` inverts it before and after.
using Crc32cFunction = uint32_t (*)(uint32_t state, const uint8_t* data, size_t length);

struct Crc32cVariant {
  const char* name;
  Crc32cFunction function;
};

// What this processor can run, best first.
const std::vector<Crc32cVariant>& Crc32cVariants();

// CRC-32C (Castagnoli) of `length` bytes, chained by `previous`.
inline uint32_t Crc32c(const Crc32cVariant& variant, const uint8_t* data, size_t length, uint32_t previous) {
  return ~variant.function(~previous, data, length);
}

// Each looks at the processor and adds what that can run, best first.
void AddCrc32cX86(std::vector<Crc32cVariant>& variants);
void AddCrc32cArm(std::vector<Crc32cVariant>& variants);

}  // namespace kvnest
