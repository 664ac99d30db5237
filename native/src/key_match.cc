#include "key_match.h"

#include <cstring>

namespace kvnest {
namespace {

constexpr size_t kRecordBytes = 128;
constexpr size_t kLineBytes = 64;
constexpr int32_t kOtherKey = -2;

// The fields of a record that are looked at; the rest is padding.
struct Record {
  int32_t generation;
  int32_t state;
  int32_t skipped_a[6];
  uint32_t name_space;
  int32_t skipped_b[2];
  uint32_t key_bytes;
  int32_t skipped_c[10];
  double key_offset;
  int32_t skipped_d[8];
};
static_assert(sizeof(Record) == kRecordBytes && offsetof(Record, name_space) == 32 &&
              offsetof(Record, key_bytes) == 44 && offsetof(Record, key_offset) == 88);

}  // namespace

void MatchKeys(const Napi::CallbackInfo& info) {
  auto region_buffer = info[0].As<Napi::ArrayBuffer>();
  const auto* const region = static_cast<const uint8_t*>(region_buffer.Data());
  const size_t region_bytes = region_buffer.ByteLength();
  const auto* const records =
      reinterpret_cast<const Record*>(region + static_cast<size_t>(info[1].As<Napi::Number>().Int64Value()));
  const auto* const memory = static_cast<const uint8_t*>(info[2].As<Napi::ArrayBuffer>().Data());
  const uint32_t* const starts = info[3].As<Napi::Uint32Array>().Data();
  const uint32_t* const lengths = info[4].As<Napi::Uint32Array>().Data();
  const uint32_t count = info[5].As<Napi::Number>().Uint32Value();
  const uint32_t name_space = info[6].As<Napi::Number>().Uint32Value();
  int32_t* const slots = info[7].As<Napi::Int32Array>().Data();

  for (uint32_t i = 0; i < count; i++) {
    if (slots[i] < 0) continue;
    const auto* const record = reinterpret_cast<const uint8_t*>(records + slots[i]);
    __builtin_prefetch(record);
    __builtin_prefetch(record + kLineBytes);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (slots[i] < 0) continue;
    const Record& record = records[slots[i]];
    const auto offset = static_cast<size_t>(record.key_offset);
    if (record.state == 0 || record.name_space != name_space || record.key_bytes != lengths[i] ||
        offset + lengths[i] > region_bytes) {
      slots[i] = kOtherKey;
      continue;
    }
    for (size_t at = 0; at <= lengths[i] && at < 4 * kLineBytes; at += kLineBytes)
      __builtin_prefetch(region + offset + at);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (slots[i] < 0) continue;
    const auto* const key = region + static_cast<size_t>(records[slots[i]].key_offset);
    if (std::memcmp(key, memory + starts[i], lengths[i]) != 0) slots[i] = kOtherKey;
  }
}

}  // namespace kvnest
