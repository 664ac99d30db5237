#include "held_regions.h"

#include "region.h"

namespace kvnest {
namespace {

void Hold(const Napi::Value& value, HeldRegions& regions) {
  if (!value.IsTypedArray()) return;
  auto region = Region::Hold(value.As<Napi::Uint8Array>().Data());
  if (region != nullptr && (regions.empty() || regions.back() != region)) regions.push_back(std::move(region));
}

}  // namespace

HeldRegions HoldRegions(const Napi::CallbackInfo& info) {
  HeldRegions regions;
  for (size_t i = 0; i < info.Length(); i++) {
    Hold(info[i], regions);
    if (!info[i].IsArray()) continue;
    const auto array = info[i].As<Napi::Array>();
    for (uint32_t at = 0; at < array.Length(); at++) Hold(array.Get(at), regions);
  }
  return regions;
}

}  // namespace kvnest
