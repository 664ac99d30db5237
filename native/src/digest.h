#pragma once

#include <cstddef>
#include <cstdint>

namespace kvnest {

// Four seeds, then four multipliers: those of src/protocols/chunk-key/digest.ts in this process.
struct DigestSecrets {
  uint32_t seeds[4];
  uint32_t multipliers[4];
};

// The digest of digest.ts, word by word the same.
void Digest128(const DigestSecrets& secrets, const uint8_t* bytes, size_t length, uint32_t name_space, uint32_t out[4]);

}  // namespace kvnest
