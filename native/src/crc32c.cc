#include "crc32c.h"

#include <array>
#include <cstring>

#include "crc32c_polynomial.h"

namespace kvnest {
namespace {

constexpr size_t kSlices = 8;
using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

// Table k, entry b: the checksum of byte b followed by k zero bytes.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t slice = 1; slice < kSlices; slice++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      const uint32_t crc = tables[slice - 1][byte];
      tables[slice][byte] = (crc >> 8) ^ tables[0][crc & 255];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

// Little-endian machines only, as are all that Node runs on and this addon is built for.
uint32_t Portable(uint32_t crc, const uint8_t* data, size_t length) {
  for (; length >= kSlices; data += kSlices, length -= kSlices) {
    uint64_t word;
    std::memcpy(&word, data, sizeof word);
    word ^= crc;
    crc = 0;
    for (size_t byte = 0; byte < kSlices; byte++) {
      crc ^= kTables[kSlices - 1 - byte][(word >> (8 * byte)) & 255];
    }
  }
  for (; length > 0; data++, length--) crc = (crc >> 8) ^ kTables[0][(crc ^ *data) & 255];
  return crc;
}

std::vector<Crc32cVariant> FindVariants() {
  std::vector<Crc32cVariant> variants;
  AddCrc32cX86(variants);
  AddCrc32cArm(variants);
  variants.push_back({"portable", Portable});
  return variants;
}

}  // namespace

const std::vector<Crc32cVariant>& Crc32cVariants() {
  // Never destroyed: threads that nobody waits for go on beside the destructors of a process that exits.
  static const auto& variants = *new std::vector<Crc32cVariant>(FindVariants());
  return variants;
}

}  // namespace kvnest
