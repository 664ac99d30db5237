#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "scaled_numbers.h"

// Into functions for any instructions: what is inlined takes theirs.
#define KVNEST_INLINE __attribute__((always_inline)) inline

namespace kvnest {

// Leaves the last bits of an encoding off, to the nearest, and to the even one between two.
template <int kPlaces>
KVNEST_INLINE uint32_t RoundOff(uint32_t bits) {
  return (bits + ((1u << (kPlaces - 1)) - 1) + ((bits >> kPlaces) & 1)) >> kPlaces;
}

// Types of values. `kSmallest` and `kLargest`: the magnitudes of which a scale can be made, by their bits.

struct Bfloat16 {
  using Bits = uint16_t;
  using Magnitude = int16_t;
  static constexpr Magnitude kMagnitude = 0x7fff, kSmallest = 0x0080, kLargest = 0x7f7f;
  static KVNEST_INLINE float Load(Bits element) { return std::bit_cast<float>(static_cast<uint32_t>(element) << 16); }
  static KVNEST_INLINE Bits Store(float value) { return static_cast<Bits>(RoundOff<16>(std::bit_cast<uint32_t>(value))); }
};

struct Float16 {
  using Bits = uint16_t;
  using Magnitude = int16_t;
  static constexpr Magnitude kMagnitude = 0x7fff, kSmallest = 0x0080, kLargest = 0x7bff;
  // 2^112 lies between the exponents of half and single precision: with it, subnormal numbers need no code of their own.
  static KVNEST_INLINE float Load(Bits element) {
    const uint32_t sign = static_cast<uint32_t>(element & 0x8000) << 16;
    const uint32_t magnitude = static_cast<uint32_t>(element & 0x7fff) << 13;
    return std::bit_cast<float>(sign | magnitude) * 0x1p112f;
  }
  static KVNEST_INLINE Bits Store(float value) {
    const uint32_t single = std::bit_cast<uint32_t>(value * 0x1p-112f);
    return static_cast<Bits>(((single >> 16) & 0x8000) | RoundOff<13>(single & 0x7fffffff));
  }
};

struct Float32 {
  using Bits = uint32_t;
  using Magnitude = int32_t;
  static constexpr Magnitude kMagnitude = 0x7fffffff, kSmallest = 0x00800000, kLargest = 0x7f000000;
  static KVNEST_INLINE float Load(Bits element) { return std::bit_cast<float>(element); }
  static KVNEST_INLINE Bits Store(float value) { return std::bit_cast<Bits>(value); }
};

// Numbers of eight bits. Products are those of JavaScript, in double precision and then rounded.

struct Int8 {
  static constexpr double kPeak = 127;
  static constexpr double kFactor = 1;
  // Added to a small number, 1.5 * 2^23 leaves the nearest whole one in the lowest bits.
  static KVNEST_INLINE uint8_t Encode(float value, double factor) {
    const auto rounded = static_cast<float>(static_cast<double>(value) * factor + 0x1.8p23);
    return static_cast<uint8_t>(std::bit_cast<uint32_t>(rounded));
  }
  static KVNEST_INLINE float Decode(uint8_t number) { return static_cast<float>(static_cast<int8_t>(number)); }
};

// e4m3fn.
struct Fp8 {
  static constexpr double kPeak = 448;
  // Between the exponents of e4m3 and single precision.
  static constexpr double kFactor = 0x1p-120;
  static KVNEST_INLINE uint8_t Encode(float value, double factor) {
    const auto single = std::bit_cast<uint32_t>(static_cast<float>(static_cast<double>(value) * factor));
    const uint32_t rounded = RoundOff<20>(single & 0x7fffffff);
    return static_cast<uint8_t>(((single >> 24) & 0x80) | (rounded < 0x7e ? rounded : 0x7e));
  }
  // Without a branch, which no compiler makes vectors of. In a subnormal number the hidden bit is 2^-6 too much.
  static KVNEST_INLINE float Decode(uint8_t number) {
    const uint32_t magnitude = number & 0x7f;
    const uint32_t normal = (magnitude << 20) + (120u << 23);
    const float subnormal = std::bit_cast<float>((magnitude << 20) + (121u << 23)) - 0x1p-6f;
    const uint32_t is_subnormal = magnitude < 8 ? ~uint32_t{0} : 0;
    const uint32_t bits = (std::bit_cast<uint32_t>(subnormal) & is_subnormal) | (normal & ~is_subnormal);
    return std::bit_cast<float>(bits | static_cast<uint32_t>(number & 0x80) << 24);
  }
};

template <class Values>
KVNEST_INLINE typename Values::Magnitude LargestOf(const typename Values::Bits* elements, size_t count) {
  typename Values::Magnitude most = 0;
  for (size_t i = 0; i < count; i++) {
    const auto magnitude = static_cast<typename Values::Magnitude>(elements[i] & Values::kMagnitude);
    most = magnitude > most ? magnitude : most;
  }
  return most;
}

// A group, whose length the compiler knows but for the last one.
template <class Numbers, class Values>
KVNEST_INLINE bool EncodeGroup(const uint8_t* values, size_t count, uint8_t* scale_place, uint8_t* numbers) {
  typename Values::Bits elements[kScaledGroup];
  std::memcpy(elements, values, count * sizeof elements[0]);
  const auto most = LargestOf<Values>(elements, count);
  if (most != 0 && (most < Values::kSmallest || most > Values::kLargest)) return false;
  const auto scale =
      static_cast<float>(static_cast<double>(Values::Load(static_cast<typename Values::Bits>(most))) / Numbers::kPeak);
  std::memcpy(scale_place, &scale, sizeof scale);
  if (most == 0) {
    std::memset(numbers, 0, count);
    return true;
  }
  const double factor = 1 / static_cast<double>(scale) * Numbers::kFactor;
  for (size_t i = 0; i < count; i++) numbers[i] = Numbers::Encode(Values::Load(elements[i]), factor);
  return true;
}

template <class Numbers, class Values>
KVNEST_INLINE void DecodeGroup(const uint8_t* scale_place, const uint8_t* numbers, size_t count, uint8_t* values) {
  typename Values::Bits elements[kScaledGroup];
  float scale;
  std::memcpy(&scale, scale_place, sizeof scale);
  for (size_t i = 0; i < count; i++) elements[i] = Values::Store(Numbers::Decode(numbers[i]) * scale);
  std::memcpy(values, elements, count * sizeof elements[0]);
}

template <class Numbers, class Values>
KVNEST_INLINE bool EncodeScaled(const uint8_t* values, size_t count, uint8_t* scales, uint8_t* numbers) {
  constexpr size_t kBytes = kScaledGroup * sizeof(typename Values::Bits);
  for (; count >= kScaledGroup; count -= kScaledGroup) {
    if (!EncodeGroup<Numbers, Values>(values, kScaledGroup, scales, numbers)) return false;
    values += kBytes;
    scales += sizeof(float);
    numbers += kScaledGroup;
  }
  return count == 0 || EncodeGroup<Numbers, Values>(values, count, scales, numbers);
}

template <class Numbers, class Values>
KVNEST_INLINE void DecodeScaled(const uint8_t* scales, const uint8_t* numbers, size_t count, uint8_t* values) {
  constexpr size_t kBytes = kScaledGroup * sizeof(typename Values::Bits);
  for (; count >= kScaledGroup; count -= kScaledGroup) {
    DecodeGroup<Numbers, Values>(scales, numbers, kScaledGroup, values);
    values += kBytes;
    scales += sizeof(float);
    numbers += kScaledGroup;
  }
  if (count > 0) DecodeGroup<Numbers, Values>(scales, numbers, count, values);
}

}  // namespace kvnest
