#include <napi.h>
#include <unistd.h>

#include "block_functions.h"
#include "crc32c.h"
#include "file_lock.h"
#include "file_reads.h"
#include "key_index.h"
#include "key_match.h"
#include "mooncake_object.h"
#include "nixl/agent_object.h"
#include "pipe.h"
#include "region_object.h"
#include "socket_options.h"

// Arguments are not checked here: only src/arena/native calls these, with the types of native.types.ts.

namespace kvnest {
namespace {

Napi::Value Crc32cOf(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const uint32_t previous = info[1].As<Napi::Number>().Uint32Value();
  const auto& variant = *static_cast<const Crc32cVariant*>(info.Data());
  return Napi::Number::New(info.Env(), Crc32c(variant, bytes.Data(), bytes.ByteLength(), previous));
}

Napi::Function Crc32cFunctionOf(Napi::Env env, const Crc32cVariant& variant) {
  return Napi::Function::New<Crc32cOf>(env, "crc32c", const_cast<Crc32cVariant*>(&variant));
}

Napi::Value LockFileOf(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), LockFile(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value TuneSocketOf(const Napi::CallbackInfo& info) {
  const bool done = TuneSocket(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value(),
                               info[2].As<Napi::Number>().Int32Value());
  return Napi::Boolean::New(info.Env(), done);
}

Napi::Value AcknowledgeNowOf(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), AcknowledgeNow(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value CreatePipeOf(const Napi::CallbackInfo& info) {
  int fds[2];
  if (!CreatePipe(fds)) return info.Env().Undefined();
  Napi::Array ends = Napi::Array::New(info.Env(), 2);
  for (uint32_t i = 0; i < 2; i++) ends.Set(i, fds[i]);
  return ends;
}

Napi::Value ExitNowOf(const Napi::CallbackInfo& info) { _exit(info[0].As<Napi::Number>().Int32Value()); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Napi::Object variants = Napi::Object::New(env);
  for (const auto& variant : Crc32cVariants()) variants.Set(variant.name, Crc32cFunctionOf(env, variant));
  exports.Set("crc32c", Crc32cFunctionOf(env, Crc32cVariants().front()));
  exports.Set("crc32cVariants", variants);
  exports.Set("blocks", BlockFunctions(env));
  exports.Set("lockFile", Napi::Function::New<LockFileOf>(env, "lockFile"));
  exports.Set("tuneSocket", Napi::Function::New<TuneSocketOf>(env, "tuneSocket"));
  exports.Set("acknowledgeNow", Napi::Function::New<AcknowledgeNowOf>(env, "acknowledgeNow"));
  exports.Set("createPipe", Napi::Function::New<CreatePipeOf>(env, "createPipe"));
  exports.Set("exitNow", Napi::Function::New<ExitNowOf>(env, "exitNow"));
  exports.Set("Region", RegionObject::Class(env));
  exports.Set("NixlAgent", nixl::AgentObject::Class(env));
  exports.Set("FileReads", FileReads::Class(env));
  exports.Set("KeyIndex", KeyIndex::Class(env));
  exports.Set("MooncakeStore", MooncakeObject::Class(env));
  exports.Set("matchKeys", Napi::Function::New<MatchKeys>(env, "matchKeys"));
  return exports;
}

}  // namespace
}  // namespace kvnest

static Napi::Object InitKvnest(Napi::Env env, Napi::Object exports) { return kvnest::Init(env, exports); }

NODE_API_MODULE(kvnest_native, InitKvnest)
