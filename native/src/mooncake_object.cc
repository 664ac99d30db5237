#include "mooncake_object.h"

#include <utility>

namespace kvnest {
namespace {

MemoryRange RangeOf(const Napi::Value& value) {
  auto bytes = value.As<Napi::Uint8Array>();
  return {bytes.Data(), bytes.ByteLength()};
}

std::string TextOf(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

std::vector<std::string> TextsOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); i++) texts.push_back(TextOf(array.Get(i)));
  return texts;
}

std::shared_ptr<MooncakeStore> StoreOf(const Napi::Object& settings) {
  return std::make_shared<MooncakeStore>(MooncakeSettings{
      .library = TextOf(settings.Get("library")),
      .hostname = TextOf(settings.Get("hostname")),
      .metadata_server = TextOf(settings.Get("metadataServer")),
      .protocol = TextOf(settings.Get("protocol")),
      .device = TextOf(settings.Get("device")),
      .master = TextOf(settings.Get("master")),
      .replicas = settings.Get("replicas").As<Napi::Number>().Uint32Value(),
  });
}

}  // namespace

Napi::Function MooncakeObject::Class(Napi::Env env) {
  return DefineClass(env, "NativeMooncakeStore",
                     {
                         InstanceMethod<&MooncakeObject::Open>("open"),
                         InstanceMethod<&MooncakeObject::Close>("close"),
                         InstanceMethod<&MooncakeObject::Exist>("exist"),
                         InstanceMethod<&MooncakeObject::Remove>("remove"),
                         InstanceMethod<&MooncakeObject::SizeOf>("sizeOf"),
                         InstanceMethod<&MooncakeObject::Read>("read"),
                         InstanceMethod<&MooncakeObject::Write>("write"),
                         InstanceMethod<&MooncakeObject::Register>("register"),
                         InstanceMethod<&MooncakeObject::Unregister>("unregister"),
                     });
}

MooncakeObject::MooncakeObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MooncakeObject>(info),
      store_(StoreOf(info[1].As<Napi::Object>())),
      calls_(info.Env(), "kvnest mooncake", info[0].As<Napi::Number>().Uint32Value()) {}

// The store ends on a thread, too.
MooncakeObject::~MooncakeObject() {
  calls_.Run([store = std::move(store_)] {});
}

Napi::Value MooncakeObject::Open(const Napi::CallbackInfo& info) {
  return Run(info, [](MooncakeStore& store) {
    Answer answer;
    answer.values = {store.Open(&answer.problem)};
    return answer;
  });
}

Napi::Value MooncakeObject::Close(const Napi::CallbackInfo& info) {
  return Run(info, [](MooncakeStore& store) {
    store.Close();
    return Answer{};
  });
}

Napi::Value MooncakeObject::Exist(const Napi::CallbackInfo& info) {
  return Run(info, [names = TextsOf(info[0])](MooncakeStore& store) { return Answer{store.Exist(names), ""}; });
}

Napi::Value MooncakeObject::Remove(const Napi::CallbackInfo& info) {
  return Run(info, [names = TextsOf(info[0])](MooncakeStore& store) { return Answer{store.Remove(names), ""}; });
}

Napi::Value MooncakeObject::SizeOf(const Napi::CallbackInfo& info) {
  return Run(info, [name = TextOf(info[0])](MooncakeStore& store) { return Answer{{store.SizeOf(name)}, ""}; });
}

Napi::Value MooncakeObject::Read(const Napi::CallbackInfo& info) {
  return Run(info, [name = TextOf(info[0]), target = RangeOf(info[1])](MooncakeStore& store) {
    return Answer{{store.Read(name, target)}, ""};
  });
}

Napi::Value MooncakeObject::Write(const Napi::CallbackInfo& info) {
  const auto array = info[1].As<Napi::Array>();
  std::vector<MemoryRange> parts;
  for (uint32_t i = 0; i < array.Length(); i++) parts.push_back(RangeOf(array.Get(i)));
  const MemoryRange scratch = parts.size() > 1 ? RangeOf(info[2]) : MemoryRange{};
  return Run(info, [name = TextOf(info[0]), parts = std::move(parts), scratch](MooncakeStore& store) {
    return Answer{{store.Write(name, parts, scratch)}, ""};
  });
}

Napi::Value MooncakeObject::Register(const Napi::CallbackInfo& info) {
  return Run(info, [memory = RangeOf(info[0])](MooncakeStore& store) { return Answer{{store.Register(memory)}, ""}; });
}

Napi::Value MooncakeObject::Unregister(const Napi::CallbackInfo& info) {
  return Run(info, [memory = RangeOf(info[0])](MooncakeStore& store) { return Answer{{store.Unregister(memory)}, ""}; });
}

Napi::Value MooncakeObject::Run(const Napi::CallbackInfo& info, std::function<Answer(MooncakeStore&)> run) {
  return calls_.Run(info, [store = store_, run = std::move(run)]() -> ThreadCalls::Answer {
    return [answer = run(*store)](Napi::Env env) { return ValueOf(env, answer); };
  });
}

Napi::Value MooncakeObject::ValueOf(Napi::Env env, const Answer& answer) {
  const auto& [values, problem] = answer;
  if (!problem.empty()) return Napi::String::New(env, problem);
  Napi::Array answers = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) answers.Set(i, Napi::Number::New(env, static_cast<double>(values[i])));
  return answers;
}

}  // namespace kvnest
