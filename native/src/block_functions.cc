#include "block_functions.h"

#include "byte_shuffle.h"
#include "crc32c.h"
#include "scaled_block.h"
#include "thread_work.h"

namespace kvnest {
namespace {

// (source, target, elementBytes).
Napi::Value ShuffleOf(const Napi::CallbackInfo& info) {
  auto source = info[0].As<Napi::Uint8Array>();
  auto target = info[1].As<Napi::Uint8Array>();
  const size_t element_bytes = info[2].As<Napi::Number>().Uint32Value();
  return WorkOnThread(info, [from = source.Data(), bytes = source.ByteLength(), to = target.Data(), element_bytes] {
    ShuffleBytes(from, bytes, to, element_bytes);
    return 0;
  });
}

// (source, target, elementBytes).
Napi::Value UnshuffleOf(const Napi::CallbackInfo& info) {
  auto source = info[0].As<Napi::Uint8Array>();
  auto target = info[1].As<Napi::Uint8Array>();
  const size_t element_bytes = info[2].As<Napi::Number>().Uint32Value();
  return WorkOnThread(info, [from = source.Data(), bytes = source.ByteLength(), to = target.Data(), element_bytes] {
    UnshuffleBytes(from, bytes, to, element_bytes);
    return Crc32c(Crc32cVariants().front(), to, bytes, 0);
  });
}

const ScaledFunctions& FunctionsOf(const Napi::CallbackInfo& info) {
  const auto& variant = *static_cast<const ScaledVariant*>(info.Data());
  return variant.functions[info[0].As<Napi::Number>().Uint32Value()][info[1].As<Napi::Number>().Uint32Value()];
}

// (numbers, values, source, target).
Napi::Value EncodeOf(const Napi::CallbackInfo& info) {
  auto source = info[2].As<Napi::Uint8Array>();
  auto target = info[3].As<Napi::Uint8Array>();
  const ScaledFunctions& functions = FunctionsOf(info);
  const size_t count = source.ByteLength() / functions.value_bytes;
  return WorkOnThread(info, [&functions, from = source.Data(), count, to = target.Data()]() -> double {
    const auto checksum = EncodeScaledBlock(functions, from, count, to);
    return checksum.has_value() ? static_cast<double>(*checksum) : -1;
  });
}

// (numbers, values, source, target).
Napi::Value DecodeOf(const Napi::CallbackInfo& info) {
  auto source = info[2].As<Napi::Uint8Array>();
  auto target = info[3].As<Napi::Uint8Array>();
  const ScaledFunctions& functions = FunctionsOf(info);
  const size_t count = target.ByteLength() / functions.value_bytes;
  return WorkOnThread(info, [&functions, from = source.Data(), count, to = target.Data()] {
    return DecodeScaledBlock(functions, from, count, to);
  });
}

Napi::Object ScaledOf(Napi::Env env, const ScaledVariant& variant) {
  Napi::Object functions = Napi::Object::New(env);
  auto* const data = const_cast<ScaledVariant*>(&variant);
  functions.Set("encode", Napi::Function::New<EncodeOf>(env, "encode", data));
  functions.Set("decode", Napi::Function::New<DecodeOf>(env, "decode", data));
  return functions;
}

}  // namespace

Napi::Object BlockFunctions(Napi::Env env) {
  Napi::Object variants = Napi::Object::New(env);
  for (const auto& variant : ScaledVariants()) variants.Set(variant.name, ScaledOf(env, variant));
  Napi::Object blocks = Napi::Object::New(env);
  blocks.Set("shuffle", Napi::Function::New<ShuffleOf>(env, "shuffle"));
  blocks.Set("unshuffle", Napi::Function::New<UnshuffleOf>(env, "unshuffle"));
  blocks.Set("scaled", ScaledOf(env, ScaledVariants().front()));
  blocks.Set("scaledVariants", variants);
  return blocks;
}

}  // namespace kvnest
