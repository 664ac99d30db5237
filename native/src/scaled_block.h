#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "scaled_numbers.h"

namespace kvnest {

// A block of `count` values as it is encoded: all scales, then all numbers.

// Returns the CRC-32C of what the block will be decoded to, or nothing for values that have no scale.
std::optional<uint32_t> EncodeScaledBlock(const ScaledFunctions& functions, const uint8_t* values, size_t count,
                                          uint8_t* encoded);

// Returns the CRC-32C of the values.
uint32_t DecodeScaledBlock(const ScaledFunctions& functions, const uint8_t* encoded, size_t count, uint8_t* values);

}  // namespace kvnest
