#include "crc32c_polynomial.h"

namespace kvnest {

uint32_t MultiplyModP(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

uint32_t PowerOfX(uint64_t exponent) {
  uint32_t power = 0x80000000;  // 1
  for (uint32_t square = 0x40000000; exponent != 0; exponent >>= 1) {
    if (exponent & 1) power = MultiplyModP(power, square);
    square = MultiplyModP(square, square);
  }
  return power;
}

Shift::Shift(size_t bytes) {
  const uint32_t factor = PowerOfX(8 * static_cast<uint64_t>(bytes));
  for (uint32_t place = 0; place < 4; place++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      table_[place][byte] = MultiplyModP(factor, byte << (8 * place));
    }
  }
}

}  // namespace kvnest
