#pragma once

#include <napi.h>

#include <memory>

#include "agent_thread.h"

namespace kvnest::nixl {

// An agent as JavaScript sees it: the commands of AgentThread as methods, and one callback for all events.
class AgentObject : public Napi::ObjectWrap<AgentObject> {
 public:
  static Napi::Function Class(Napi::Env env);

  // new (name, region, libraries, scratchBytes, onEvent, plugin?)
  explicit AgentObject(const Napi::CallbackInfo& info);

 private:
  void AddPeer(const Napi::CallbackInfo& info);
  void RemovePeer(const Napi::CallbackInfo& info);
  void Read(const Napi::CallbackInfo& info);
  void TransferFile(const Napi::CallbackInfo& info);
  void Abandon(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void KeepAlive(const Napi::CallbackInfo& info);
  Napi::Value RunningMs(const Napi::CallbackInfo& info);
  Napi::Value RunningCallName(const Napi::CallbackInfo& info);

  static void OnEvents(napi_env env, napi_value callback, void* self, void*);
  static void OnEnvironmentEnd(void* self);
  std::vector<Descriptor> BlocksOf(const Napi::BigUint64Array& numbers) const;
  void Deliver(Napi::Env env, Napi::Function callback);
  void Finish();

  Memory region_;
  // Keeps memory that is no Region where it is.
  Napi::Reference<Napi::ArrayBuffer> region_owner_;
  napi_threadsafe_function events_ = nullptr;
  std::shared_ptr<AgentThread> thread_;
};

}  // namespace kvnest::nixl
