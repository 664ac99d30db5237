#include "region_object.h"

#include <utility>

namespace kvnest {
namespace {

void FreeOwner(napi_env, void*, void* owner) { delete static_cast<std::shared_ptr<Region>*>(owner); }

}  // namespace

Napi::Function RegionObject::Class(Napi::Env env) {
  return DefineClass(env, "NativeRegion",
                     {
                         InstanceAccessor<&RegionObject::FaultedBytes>("faultedBytes"),
                         InstanceMethod<&RegionObject::Close>("close"),
                     });
}

RegionObject::RegionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RegionObject>(info) {
  const Napi::Env env = info.Env();
  const int fd = info[0].As<Napi::Number>().Int32Value();
  std::string path = info[1].As<Napi::String>().Utf8Value();
  const auto bytes = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  const auto sync_bytes = static_cast<size_t>(info[3].As<Napi::Number>().Int64Value());

  RegionError error;
  region_ = Region::Open(fd, std::move(path), bytes, sync_bytes, &error);
  Napi::Object self = info.This().As<Napi::Object>();
  if (region_ == nullptr) {
    Napi::Object failure = Napi::Object::New(env);
    failure.Set("call", error.call);
    failure.Set("code", error.code);
    self.Set("error", failure);
    return;
  }
  napi_value buffer_value = nullptr;
  auto* const owner = new std::shared_ptr<Region>(region_);
  if (napi_create_external_arraybuffer(env, region_->data(), bytes, FreeOwner, owner, &buffer_value) != napi_ok) {
    // The thread is being terminated. Node may have taken the owner all the same, so it must not be freed here.
    region_->Release();
    return;
  }
  const Napi::ArrayBuffer buffer(env, buffer_value);
  buffer_ = Napi::Persistent(buffer);
  self.Set("buffer", buffer);
}

Napi::Value RegionObject::FaultedBytes(const Napi::CallbackInfo& info) {
  const size_t bytes = region_ == nullptr ? 0 : region_->faulted_bytes();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

void RegionObject::Close(const Napi::CallbackInfo& info) {
  if (region_ == nullptr || buffer_.IsEmpty()) return;
  buffer_.Value().Detach();
  buffer_.Reset();
  region_->Release();
  region_ = nullptr;
}

}  // namespace kvnest
