#include "key_index.h"

#include <cstring>

namespace kvnest {
namespace {

// A place: four words of digest, and the entry plus one (0 = free).
constexpr uint32_t kPlaceWords = 5;
constexpr uint32_t kEntry = 4;

uint32_t WordAt(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Uint32Value();
}

}  // namespace

Napi::Function KeyIndex::Class(Napi::Env env) {
  return DefineClass(env, "NativeKeyIndex",
                     {
                         InstanceMethod<&KeyIndex::AddSlab>("addSlab"),
                         InstanceMethod<&KeyIndex::SetDirectory>("setDirectory"),
                         InstanceMethod<&KeyIndex::Find>("find"),
                     });
}

KeyIndex::KeyIndex(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KeyIndex>(info) {
  std::memcpy(&secrets_, info[0].As<Napi::Uint32Array>().Data(), sizeof secrets_);
  slot_bits_ = WordAt(info, 1);
  slab_bits_ = WordAt(info, 2);
}

// (slab)
void KeyIndex::AddSlab(const Napi::CallbackInfo& info) {
  const auto slab = info[0].As<Napi::Uint32Array>();
  slabs_.push_back(slab.Data());
  slab_owners_.push_back(Napi::Persistent(slab));
}

// (directory, depth)
void KeyIndex::SetDirectory(const Napi::CallbackInfo& info) {
  const auto directory = info[0].As<Napi::Uint32Array>();
  directory_ = directory.Data();
  directory_owner_ = Napi::Persistent(directory);
  depth_ = WordAt(info, 1);
}

// (memory, starts, lengths, count, namespace, entries): sets for each key the first entry with its digest, or -1.
// One pass reads ahead for the next, so that the processor waits for the memory of all keys at a time.
void KeyIndex::Find(const Napi::CallbackInfo& info) {
  const auto* const memory = static_cast<const uint8_t*>(info[0].As<Napi::ArrayBuffer>().Data());
  const uint32_t* const starts = info[1].As<Napi::Uint32Array>().Data();
  const uint32_t* const lengths = info[2].As<Napi::Uint32Array>().Data();
  const uint32_t count = WordAt(info, 3);
  const uint32_t name_space = WordAt(info, 4);
  int32_t* const entries = info[5].As<Napi::Int32Array>().Data();
  if (homes_.size() < count) homes_.resize(count);
  for (uint32_t i = 0; i < count; i++) {
    homes_[i] = HomeOf(memory + starts[i], lengths[i], name_space);
    const uint32_t* const place = homes_[i].table + homes_[i].slot * kPlaceWords;
    __builtin_prefetch(place);
    __builtin_prefetch(place + kEntry);
  }
  for (uint32_t i = 0; i < count; i++) entries[i] = Probe(homes_[i]);
}

KeyIndex::Home KeyIndex::HomeOf(const uint8_t* key, size_t length, uint32_t name_space) const {
  Home home;
  Digest128(secrets_, key, length, name_space, home.digest);
  const uint32_t segment = directory_[(home.digest[0] >> 1) >> (31 - depth_)];
  const uint32_t in_slab = segment & ((1u << slab_bits_) - 1);
  home.table = slabs_[segment >> slab_bits_] + (in_slab << slot_bits_) * kPlaceWords;
  home.slot = home.digest[0] & ((1u << slot_bits_) - 1);
  return home;
}

int32_t KeyIndex::Probe(const Home& home) const {
  const uint32_t mask = (1u << slot_bits_) - 1;
  for (uint32_t slot = home.slot;; slot = (slot + 1) & mask) {
    const uint32_t* const place = home.table + slot * kPlaceWords;
    if (place[kEntry] == 0) return -1;
    if (std::memcmp(place, home.digest, sizeof home.digest) == 0) return static_cast<int32_t>(place[kEntry] - 1);
  }
}

}  // namespace kvnest
