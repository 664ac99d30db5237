#pragma once

#include <napi.h>

#include <memory>

#include "region.h"

namespace kvnest {

// A region as JavaScript sees it: { buffer, faultedBytes, close() }.
class RegionObject : public Napi::ObjectWrap<RegionObject> {
 public:
  static Napi::Function Class(Napi::Env env);

  // new (fd, path, bytes, syncBytes). Where that fails the object has `error: { call, code }` instead of a buffer.
  explicit RegionObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value FaultedBytes(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  // The buffer's finalizer holds it, too: memory goes when neither this nor a view is left, or by Close.
  std::shared_ptr<Region> region_;
  Napi::Reference<Napi::ArrayBuffer> buffer_;
};

}  // namespace kvnest
