#pragma once

#include <cstddef>
#include <cstdint>

namespace kvnest {

// Polynomials over GF(2) modulo Castagnoli's, bits reversed: bit 31 - i is the coefficient of x^i.
inline constexpr uint32_t kPolynomial = 0x82f63b78;

uint32_t MultiplyModP(uint32_t a, uint32_t b);

// x^exponent mod P.
uint32_t PowerOfX(uint64_t exponent);

// Multiplies a checksum by x^(8 * bytes): what `bytes` zero bytes after it do to it.
class Shift {
 public:
  explicit Shift(size_t bytes);

  uint32_t operator()(uint32_t crc) const {
    return table_[0][crc & 255] ^ table_[1][(crc >> 8) & 255] ^ table_[2][(crc >> 16) & 255] ^
           table_[3][crc >> 24];
  }

 private:
  uint32_t table_[4][256];
};

}  // namespace kvnest
