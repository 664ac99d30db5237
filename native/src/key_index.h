#pragma once

#include <napi.h>

#include <vector>

#include "digest.h"

namespace kvnest {

// Looks many keys up at once in a DigestIndex of TypeScript, whose memory it reads: { addSlab, setDirectory, find }.
class KeyIndex : public Napi::ObjectWrap<KeyIndex> {
 public:
  static Napi::Function Class(Napi::Env env);

  // new (secrets, slotBits, slabBits): the numbers of index-segments.ts.
  explicit KeyIndex(const Napi::CallbackInfo& info);

 private:
  void AddSlab(const Napi::CallbackInfo& info);
  void SetDirectory(const Napi::CallbackInfo& info);
  void Find(const Napi::CallbackInfo& info);

  // Where a digest would stand first, and the table around it.
  struct Home {
    const uint32_t* table;
    uint32_t slot;
    uint32_t digest[4];
  };

  Home HomeOf(const uint8_t* key, size_t length, uint32_t name_space) const;
  int32_t Probe(const Home& home) const;

  DigestSecrets secrets_;
  uint32_t slot_bits_;
  uint32_t slab_bits_;
  uint32_t depth_ = 0;
  const uint32_t* directory_ = nullptr;
  std::vector<const uint32_t*> slabs_;
  std::vector<Home> homes_;
  // What keeps the memory above alive.
  Napi::Reference<Napi::Uint32Array> directory_owner_;
  std::vector<Napi::Reference<Napi::Uint32Array>> slab_owners_;
};

}  // namespace kvnest
