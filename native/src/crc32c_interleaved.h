// Included by the file of one processor family, which defines CRC_TARGET (the attribute that allows the instruction),
// Step8 (eight bytes) and Step1 (one byte).
//
// A checksum instruction starts every cycle but takes three: three streams keep the unit busy. Their checksums are
// joined by shifting them over the bytes that follow.

#include <cstring>

#include "crc32c_polynomial.h"

namespace kvnest {
namespace {

CRC_TARGET inline uint64_t Load8(const uint8_t* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

template <size_t kBytes>
CRC_TARGET uint32_t ThreeStreams(uint32_t crc, const uint8_t*& data, size_t& length) {
  static const Shift shift(kBytes);
  while (length >= 3 * kBytes) {
    uint64_t a = crc;
    uint64_t b = 0;
    uint64_t c = 0;
    for (const uint8_t* end = data + kBytes; data < end; data += 8) {
      a = Step8(a, Load8(data));
      b = Step8(b, Load8(data + kBytes));
      c = Step8(c, Load8(data + 2 * kBytes));
    }
    crc = shift(shift(static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b)) ^ static_cast<uint32_t>(c);
    data += 2 * kBytes;
    length -= 3 * kBytes;
  }
  return crc;
}

CRC_TARGET uint32_t Interleaved(uint32_t crc, const uint8_t* data, size_t length) {
  crc = ThreeStreams<8192>(crc, data, length);
  crc = ThreeStreams<256>(crc, data, length);
  uint64_t state = crc;
  for (; length >= 8; data += 8, length -= 8) state = Step8(state, Load8(data));
  for (; length > 0; data++, length--) state = Step1(static_cast<uint32_t>(state), *data);
  return static_cast<uint32_t>(state);
}

}  // namespace
}  // namespace kvnest
