#include "scaled_numbers.h"

#include "scaled_formats.h"

namespace kvnest {
namespace {

// The same loops, compiled for other instructions. NAME<…>::All are those for all numbers and values.
#define KVNEST_SCALED(NAME, TARGET)                                                                                    \
  struct NAME {                                                                                                        \
    template <class Numbers, class Values>                                                                             \
    TARGET static bool Encode(const uint8_t* values, size_t count, uint8_t* scales, uint8_t* numbers) {                \
      return EncodeScaled<Numbers, Values>(values, count, scales, numbers);                                            \
    }                                                                                                                  \
    template <class Numbers, class Values>                                                                             \
    TARGET static void Decode(const uint8_t* scales, const uint8_t* numbers, size_t count, uint8_t* values) {          \
      DecodeScaled<Numbers, Values>(scales, numbers, count, values);                                                   \
    }                                                                                                                  \
  }

template <class Code, class Numbers, class Values>
constexpr ScaledFunctions FunctionsOf() {
  return {sizeof(typename Values::Bits), Code::template Encode<Numbers, Values>, Code::template Decode<Numbers, Values>};
}

template <class Code>
constexpr ScaledVariant VariantOf(const char* name) {
  return {name,
          {{FunctionsOf<Code, Int8, Bfloat16>(), FunctionsOf<Code, Int8, Float16>(), FunctionsOf<Code, Int8, Float32>()},
           {FunctionsOf<Code, Fp8, Bfloat16>(), FunctionsOf<Code, Fp8, Float16>(), FunctionsOf<Code, Fp8, Float32>()}}};
}

KVNEST_SCALED(Portable, );

#if defined(__x86_64__)

KVNEST_SCALED(Avx2, __attribute__((target("avx2"))));
KVNEST_SCALED(Avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))));

void AddX86(std::vector<ScaledVariant>& variants) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    variants.push_back(VariantOf<Avx512>("avx512"));
  }
  if (__builtin_cpu_supports("avx2")) variants.push_back(VariantOf<Avx2>("avx2"));
}

#else

void AddX86(std::vector<ScaledVariant>&) {}

#endif

std::vector<ScaledVariant> FindVariants() {
  std::vector<ScaledVariant> variants;
  AddX86(variants);
  variants.push_back(VariantOf<Portable>("portable"));
  return variants;
}

}  // namespace

const std::vector<ScaledVariant>& ScaledVariants() {
  static const std::vector<ScaledVariant> variants = FindVariants();
  return variants;
}

}  // namespace kvnest
