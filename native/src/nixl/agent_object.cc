#include "agent_object.h"

#include <utility>

#include "../region.h"
#include "environment.h"

namespace kvnest::nixl {
namespace {

using namespace std::chrono_literals;

// How long the end of a JavaScript thread waits for an agent that nobody closed.
constexpr auto kPatience = 2000ms;
// Numbers of a block, as JavaScript writes them: local offset, remote address, length, device.
constexpr size_t kBlockNumbers = 4;
constexpr size_t kPluginArgument = 6;

uint32_t IdOf(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::vector<std::string> StringsOf(const Napi::Array& array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(array.Get(i).As<Napi::String>());
  return strings;
}

// Arrays of nothing would take longer than the rest of an event.
Napi::Value BytesOf(Napi::Env env, const Event& event) {
  if (event.bytes.empty()) return env.Undefined();
  return Napi::Buffer<uint8_t>::Copy(env, event.bytes.data(), event.bytes.size());
}

Napi::Value ChecksumsOf(Napi::Env env, const Event& event) {
  if (event.checksums.empty()) return env.Undefined();
  Napi::Uint32Array checksums = Napi::Uint32Array::New(env, event.checksums.size());
  std::copy(event.checksums.begin(), event.checksums.end(), checksums.Data());
  return checksums;
}

}  // namespace

Napi::Function AgentObject::Class(Napi::Env env) {
  return DefineClass(env, "NativeNixlAgent",
                     {
                         InstanceMethod<&AgentObject::AddPeer>("addPeer"),
                         InstanceMethod<&AgentObject::RemovePeer>("removePeer"),
                         InstanceMethod<&AgentObject::Read>("read"),
                         InstanceMethod<&AgentObject::TransferFile>("transferFile"),
                         InstanceMethod<&AgentObject::Abandon>("abandon"),
                         InstanceMethod<&AgentObject::Close>("close"),
                         InstanceMethod<&AgentObject::KeepAlive>("keepAlive"),
                         InstanceAccessor<&AgentObject::RunningMs>("runningMs"),
                         InstanceAccessor<&AgentObject::RunningCallName>("runningCall"),
                     });
}

AgentObject::AgentObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AgentObject>(info) {
  const Napi::Env env = info.Env();
  auto region = info[1].As<Napi::ArrayBuffer>();
  region_ = {static_cast<char*>(region.Data()), region.ByteLength()};
  const Napi::String name = Napi::String::New(env, "kvnest nixl");
  if (napi_create_threadsafe_function(env, info[5], nullptr, name, 0, 1, nullptr, nullptr, this, OnEvents, &events_) !=
      napi_ok) {
    return;
  }
  napi_unref_threadsafe_function(env, events_);
  napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  region_owner_ = Napi::Persistent(region);
  Region::KeepMapped(region_.data);
  Ref();  // Until it is closed.
  info.This().As<Napi::Object>().Set("regionAddress",
                                     Napi::BigInt::New(env, reinterpret_cast<uint64_t>(region_.data)));
  PrepareEnvironment();
  AgentThread::Settings settings{.name = info[0].As<Napi::String>(),
                                 .region = region_,
                                 .libraries = StringsOf(info[2].As<Napi::Array>()),
                                 .scratch_bytes = IdOf(info[3]),
                                 .max_posted_bytes = static_cast<size_t>(info[4].As<Napi::Number>().Int64Value())};
  if (info.Length() > kPluginArgument) settings.plugin.name = info[kPluginArgument].As<Napi::String>();
  thread_ = AgentThread::Start(std::move(settings), [events = events_] {
    napi_call_threadsafe_function(events, nullptr, napi_tsfn_nonblocking);
  });
}

void AgentObject::AddPeer(const Napi::CallbackInfo& info) {
  if (thread_ == nullptr) return;
  const auto metadata = info[1].As<Napi::Uint8Array>();
  Command command{.kind = Command::kAddPeer, .id = IdOf(info[0])};
  command.metadata.assign(metadata.Data(), metadata.Data() + metadata.ByteLength());
  thread_->Push(std::move(command));
}

void AgentObject::RemovePeer(const Napi::CallbackInfo& info) {
  if (thread_ == nullptr) return;
  thread_->Push({.kind = Command::kRemovePeer, .peer = info[0].As<Napi::String>()});
}

void AgentObject::Read(const Napi::CallbackInfo& info) {
  if (thread_ == nullptr) return;
  const auto blocks = info[3].As<Napi::BigUint64Array>();
  const auto headers = info[4].As<Napi::BigUint64Array>();
  const auto groups = info[5].As<Napi::Uint32Array>();
  Command command{.kind = Command::kRead};
  ReadOrder& order = command.read;
  order.id = IdOf(info[0]);
  order.peer = info[1].As<Napi::String>();
  order.type = static_cast<MemoryType>(IdOf(info[2]));
  order.headers.assign(headers.Data(), headers.Data() + headers.ElementLength());
  order.groups.assign(groups.Data(), groups.Data() + groups.ElementLength());
  order.blocks = BlocksOf(blocks);
  thread_->Push(std::move(command));
}

void AgentObject::TransferFile(const Napi::CallbackInfo& info) {
  if (thread_ == nullptr) return;
  Command command{.kind = Command::kRead};
  ReadOrder& order = command.read;
  order.id = IdOf(info[0]);
  order.peer = info[1].As<Napi::String>();
  order.type = kFile;
  order.operation = info[2].As<Napi::Boolean>().Value() ? kWrite : kRead;
  order.blocks = BlocksOf(info[3].As<Napi::BigUint64Array>());
  if (order.operation == kRead) order.groups = {static_cast<uint32_t>(order.blocks.size())};
  order.file_bytes = order.blocks.back().remote + order.blocks.back().length;
  thread_->Push(std::move(command));
}

std::vector<Descriptor> AgentObject::BlocksOf(const Napi::BigUint64Array& numbers) const {
  std::vector<Descriptor> blocks;
  for (size_t at = 0; at + kBlockNumbers <= numbers.ElementLength(); at += kBlockNumbers) {
    const uint64_t* const block = numbers.Data() + at;
    blocks.push_back({region_.data + block[0], block[1], block[2], block[3]});
  }
  return blocks;
}

void AgentObject::Abandon(const Napi::CallbackInfo& info) {
  if (thread_ != nullptr) thread_->Push({.kind = Command::kAbandon, .id = IdOf(info[0])});
}

void AgentObject::Close(const Napi::CallbackInfo& info) {
  if (thread_ != nullptr) thread_->Push({.kind = Command::kClose});
}

void AgentObject::KeepAlive(const Napi::CallbackInfo& info) {
  if (events_ == nullptr) return;
  if (info[0].As<Napi::Boolean>().Value()) {
    napi_ref_threadsafe_function(info.Env(), events_);
  } else {
    napi_unref_threadsafe_function(info.Env(), events_);
  }
}

Napi::Value AgentObject::RunningMs(const Napi::CallbackInfo& info) {
  const bool runs = thread_ != nullptr && thread_->running().name.load() != nullptr;
  return Napi::Number::New(info.Env(), runs ? static_cast<double>(NowMs() - thread_->running().since_ms) : 0);
}

Napi::Value AgentObject::RunningCallName(const Napi::CallbackInfo& info) {
  const char* const name = thread_ == nullptr ? nullptr : thread_->running().name.load();
  return Napi::String::New(info.Env(), name == nullptr ? "" : name);
}

void AgentObject::OnEvents(napi_env env, napi_value callback, void* self, void*) {
  // Without them the thread of JavaScript is ending.
  if (env == nullptr || callback == nullptr) return;
  const Napi::HandleScope scope(env);
  static_cast<AgentObject*>(self)->Deliver(env, Napi::Function(env, callback));
}

void AgentObject::Deliver(Napi::Env env, Napi::Function callback) {
  if (thread_ == nullptr) return;
  for (Event& event : thread_->TakeEvents()) {
    const Napi::HandleScope scope(env);
    const bool last = event.kind == Event::kClosed || event.kind == Event::kNotStarted;
    if (last) Finish();
    callback.Call({Napi::Number::New(env, event.kind), Napi::Number::New(env, event.id),
                   Napi::Number::New(env, static_cast<int>(event.outcome)), Napi::String::New(env, event.text),
                   BytesOf(env, event), ChecksumsOf(env, event)});
    if (last) return;
  }
}

// The thread has nothing more to say, and ends.
void AgentObject::Finish() {
  napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
  const auto thread = std::exchange(thread_, nullptr);
  thread->Silence();
  thread->Stop(kPatience);
  if (thread->let_go()) {
    Region::MayUnmap(region_.data);
    region_owner_.Reset();
  }
  napi_release_threadsafe_function(std::exchange(events_, nullptr), napi_tsfn_release);
  Unref();
}

void AgentObject::OnEnvironmentEnd(void* self) {
  AgentObject& agent = *static_cast<AgentObject*>(self);
  const auto thread = std::exchange(agent.thread_, nullptr);
  if (thread == nullptr) return;
  thread->Silence();
  thread->Stop(kPatience);
  if (thread->let_go()) Region::MayUnmap(agent.region_.data);
  napi_release_threadsafe_function(std::exchange(agent.events_, nullptr), napi_tsfn_abort);
}

}  // namespace kvnest::nixl
