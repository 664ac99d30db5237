#include "crc32c.h"

#if defined(__aarch64__) && defined(__linux__)

#include <arm_acle.h>
#include <sys/auxv.h>

#define CRC_TARGET __attribute__((target("+crc")))

namespace kvnest {
namespace {

constexpr unsigned long kHasCrc32 = 1UL << 7;  // HWCAP_CRC32

CRC_TARGET inline uint64_t Step8(uint64_t crc, uint64_t word) {
  return __crc32cd(static_cast<uint32_t>(crc), word);
}
CRC_TARGET inline uint32_t Step1(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }

}  // namespace
}  // namespace kvnest

#include "crc32c_interleaved.h"

namespace kvnest {

void AddCrc32cArm(std::vector<Crc32cVariant>& variants) {
  if ((getauxval(AT_HWCAP) & kHasCrc32) != 0) variants.push_back({"armv8-crc", Interleaved});
}

}  // namespace kvnest

#else

namespace kvnest {
void AddCrc32cArm(std::vector<Crc32cVariant>&) {}
}  // namespace kvnest

#endif
