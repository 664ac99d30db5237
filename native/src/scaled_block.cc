#include "scaled_block.h"

#include <algorithm>

#include "crc32c.h"

namespace kvnest {
namespace {

// Values whose checksum is taken while they are in the processor's nearest cache.
constexpr size_t kAtOnce = 32 * kScaledGroup;
constexpr size_t kLongestValue = sizeof(float);

size_t ScalesBytes(size_t count) { return (count + kScaledGroup - 1) / kScaledGroup * sizeof(float); }

}  // namespace

std::optional<uint32_t> EncodeScaledBlock(const ScaledFunctions& functions, const uint8_t* values, size_t count,
                                          uint8_t* encoded) {
  const Crc32cVariant& crc32c = Crc32cVariants().front();
  uint8_t* const numbers = encoded + ScalesBytes(count);
  uint8_t decoded[kAtOnce * kLongestValue];
  uint32_t checksum = 0;
  for (size_t from = 0; from < count; from += kAtOnce) {
    const size_t part = std::min(kAtOnce, count - from);
    uint8_t* const scales = encoded + ScalesBytes(from);
    if (!functions.encode(values + from * functions.value_bytes, part, scales, numbers + from)) return std::nullopt;
    functions.decode(scales, numbers + from, part, decoded);
    checksum = Crc32c(crc32c, decoded, part * functions.value_bytes, checksum);
  }
  return checksum;
}

uint32_t DecodeScaledBlock(const ScaledFunctions& functions, const uint8_t* encoded, size_t count, uint8_t* values) {
  const Crc32cVariant& crc32c = Crc32cVariants().front();
  const uint8_t* const numbers = encoded + ScalesBytes(count);
  uint32_t checksum = 0;
  for (size_t from = 0; from < count; from += kAtOnce) {
    const size_t part = std::min(kAtOnce, count - from);
    uint8_t* const place = values + from * functions.value_bytes;
    functions.decode(encoded + ScalesBytes(from), numbers + from, part, place);
    checksum = Crc32c(crc32c, place, part * functions.value_bytes, checksum);
  }
  return checksum;
}

}  // namespace kvnest
