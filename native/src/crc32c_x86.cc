#include "crc32c.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CRC_TARGET __attribute__((target("sse4.2")))

namespace kvnest {
namespace {

CRC_TARGET inline uint64_t Step8(uint64_t crc, uint64_t word) { return _mm_crc32_u64(crc, word); }
CRC_TARGET inline uint32_t Step1(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }

}  // namespace
}  // namespace kvnest

#include "crc32c_interleaved.h"

namespace kvnest {
namespace {

#define FOLD_TARGET __attribute__((target("sse4.2,pclmul,avx512f,avx512vl,avx512dq,vpclmulqdq")))

// Multipliers that carry 128 bits `bits` further. The first half stands 64 bits before the second; the product of two
// reversed polynomials is one bit short, and a 32-bit value in 64 bits stands 32 bits too high: hence 31 and 33.
struct FoldBy {
  explicit FoldBy(uint64_t bits) : first(PowerOfX(bits + 31)), second(PowerOfX(bits - 33)) {}
  uint64_t first;
  uint64_t second;
};

FOLD_TARGET inline __m512i Fold(__m512i sum, __m512i factors, __m512i next) {
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(sum, factors, 0x00),
                                   _mm512_clmulepi64_epi128(sum, factors, 0x11), next, 0x96);
}

FOLD_TARGET inline __m128i Fold(__m128i sum, const FoldBy& by, __m128i next) {
  const __m128i factors = _mm_set_epi64x(static_cast<long long>(by.second), static_cast<long long>(by.first));
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, factors, 0x00),
                                     _mm_clmulepi64_si128(sum, factors, 0x11)), next);
}

FOLD_TARGET inline __m512i Broadcast(const FoldBy& by) {
  const auto first = static_cast<long long>(by.first);
  const auto second = static_cast<long long>(by.second);
  return _mm512_set4_epi64(second, first, second, first);
}

constexpr size_t kRound = 256;

// Keeps a 256-byte remainder of what was read, carried forward by one round at a time.
FOLD_TARGET uint32_t FoldedRounds(uint32_t crc, const uint8_t* data, size_t rounds) {
  static const FoldBy by2048(2048), by512(512), by128(128);
  const __m512i far = Broadcast(by2048);
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(data), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(crc))));
  __m512i b = _mm512_loadu_si512(data + 64);
  __m512i c = _mm512_loadu_si512(data + 128);
  __m512i d = _mm512_loadu_si512(data + 192);
  while (--rounds > 0) {
    data += kRound;
    a = Fold(a, far, _mm512_loadu_si512(data));
    b = Fold(b, far, _mm512_loadu_si512(data + 64));
    c = Fold(c, far, _mm512_loadu_si512(data + 128));
    d = Fold(d, far, _mm512_loadu_si512(data + 192));
  }
  const __m512i near = Broadcast(by512);
  const __m512i sum = Fold(Fold(Fold(a, near, b), near, c), near, d);
  __m128i rest = _mm512_extracti64x2_epi64(sum, 0);
  rest = Fold(rest, by128, _mm512_extracti64x2_epi64(sum, 1));
  rest = Fold(rest, by128, _mm512_extracti64x2_epi64(sum, 2));
  rest = Fold(rest, by128, _mm512_extracti64x2_epi64(sum, 3));
  const uint64_t first = static_cast<uint64_t>(_mm_extract_epi64(rest, 0));
  const uint64_t second = static_cast<uint64_t>(_mm_extract_epi64(rest, 1));
  return static_cast<uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, first), second));
}

FOLD_TARGET uint32_t Folded(uint32_t crc, const uint8_t* data, size_t length) {
  if (length >= kRound) {
    const size_t rounds = length / kRound;
    crc = FoldedRounds(crc, data, rounds);
    data += rounds * kRound;
    length -= rounds * kRound;
  }
  return Interleaved(crc, data, length);
}

}  // namespace

void AddCrc32cX86(std::vector<Crc32cVariant>& variants) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2")) return;
  if (__builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    variants.push_back({"avx512", Folded});
  }
  variants.push_back({"sse4.2", Interleaved});
}

}  // namespace kvnest

#else

namespace kvnest {
void AddCrc32cX86(std::vector<Crc32cVariant>&) {}
}  // namespace kvnest

#endif
