#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mooncake_store.h"
#include "thread_calls.h"

namespace kvnest {

// A MooncakeStore as JavaScript sees it: each method returns a promise of the library's answers, or of the text that says why
// the library cannot be used. The calls run on threads; what they read and write is kept until they end.
class MooncakeObject : public Napi::ObjectWrap<MooncakeObject> {
 public:
  static Napi::Function Class(Napi::Env env);

  // new (threads, settings). The methods but close() are for what open() has opened.
  explicit MooncakeObject(const Napi::CallbackInfo& info);
  ~MooncakeObject() override;

 private:
  struct Answer {
    std::vector<int64_t> values;
    std::string problem;
  };

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Exist(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value SizeOf(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value Register(const Napi::CallbackInfo& info);
  Napi::Value Unregister(const Napi::CallbackInfo& info);

  static Napi::Value ValueOf(Napi::Env env, const Answer& answer);

  // Runs it on a thread.
  Napi::Value Run(const Napi::CallbackInfo& info, std::function<Answer(MooncakeStore&)> run);

  std::shared_ptr<MooncakeStore> store_;
  ThreadCalls calls_;
};

}  // namespace kvnest
