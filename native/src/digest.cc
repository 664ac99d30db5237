#include "digest.h"

#include <cstring>

namespace kvnest {
namespace {

inline uint32_t Rotate(uint32_t x, int r) { return (x << r) | (x >> (32 - r)); }

inline uint32_t Finish(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}

}  // namespace

void Digest128(const DigestSecrets& secrets, const uint8_t* bytes, size_t length, uint32_t name_space,
               uint32_t out[4]) {
  const uint32_t* const mul = secrets.multipliers;
  uint32_t a = secrets.seeds[0] ^ name_space;
  uint32_t b = secrets.seeds[1];
  uint32_t c = secrets.seeds[2];
  uint32_t d = secrets.seeds[3] ^ static_cast<uint32_t>(length);
  const auto mix = [&](const uint32_t w[4]) {
    a ^= Rotate(w[0] * mul[0], 15) * mul[1];
    a = (Rotate(a, 19) + b) * 5 + 0x561ccd1b;
    b ^= Rotate(w[1] * mul[1], 16) * mul[2];
    b = (Rotate(b, 17) + c) * 5 + 0x0bcaa747;
    c ^= Rotate(w[2] * mul[2], 17) * mul[3];
    c = (Rotate(c, 15) + d) * 5 + 0x96cd1c35;
    d ^= Rotate(w[3] * mul[3], 18) * mul[0];
    d = (Rotate(d, 13) + a) * 5 + 0x32ac3b17;
  };
  const size_t whole = length & ~size_t{15};
  for (size_t at = 0; at < whole; at += 16) {
    uint32_t words[4];
    std::memcpy(words, bytes + at, sizeof words);
    mix(words);
  }
  if (whole < length) {
    uint32_t words[4] = {0, 0, 0, 0};
    std::memcpy(words, bytes + whole, length - whole);
    mix(words);
  }
  a = Finish(a + b + c + d);
  b = Finish(b + a);
  c = Finish(c + a);
  d = Finish(d + a);
  out[0] = a + d;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

}  // namespace kvnest
