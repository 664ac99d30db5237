#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvnest {

// Values that share a scale.
constexpr size_t kScaledGroup = 128;

// Between values of one type and numbers of eight bits, as src/codecs/lossy does it, bit by bit the same. Nothing need be aligned.
struct ScaledFunctions {
  size_t value_bytes;
  // A scale (float32) of each group of values, and a number of each value. False for values that have no scale.
  bool (*encode)(const uint8_t* values, size_t count, uint8_t* scales, uint8_t* numbers);
  void (*decode)(const uint8_t* scales, const uint8_t* numbers, size_t count, uint8_t* values);
};

// In the order of NativeNumbers and NativeValues in src/arena/native/native-blocks.types.ts.
constexpr size_t kNumbers = 2;
constexpr size_t kValues = 3;

struct ScaledVariant {
  const char* name;
  ScaledFunctions functions[kNumbers][kValues];
};

// What this processor can run, best first.
const std::vector<ScaledVariant>& ScaledVariants();

}  // namespace kvnest
