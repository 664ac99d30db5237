#include "thread_calls.h"

#include <utility>
#include <vector>

#include "held_regions.h"

namespace kvnest {

struct ThreadCalls::Call {
  Napi::Promise::Deferred deferred;
  std::vector<Napi::ObjectReference> kept;
  Answer answer;
};

ThreadCalls::ThreadCalls(Napi::Env env, const char* name, unsigned threads)
    : threads_(threads),
      completions_(Completions::New(env, name, 0, 1, this, OnEnd, new std::shared_ptr<bool>(has_ended_))) {
  completions_.Unref(env);
}

ThreadCalls::~ThreadCalls() {
  // Where the environment ends, this goes after the function.
  if (!*has_ended_) completions_.Release();
}

void ThreadCalls::OnEnd(Napi::Env, std::shared_ptr<bool>* has_ended, ThreadCalls*) {
  **has_ended = true;
  delete has_ended;
}

Napi::Promise ThreadCalls::Run(const Napi::CallbackInfo& info, std::function<Answer()> run) {
  const Napi::Env env = info.Env();
  auto* const call = new Call{Napi::Promise::Deferred::New(env), {}, {}};
  call->kept.push_back(Napi::Persistent(info.This().As<Napi::Object>()));
  for (size_t i = 0; i < info.Length(); i++) {
    if (info[i].IsObject()) call->kept.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
  }
  const Napi::Promise promise = call->deferred.Promise();
  if (running_++ == 0) completions_.Ref(env);
  completions_.Acquire();
  threads_.Run([run = std::move(run), call, completions = completions_, regions = HoldRegions(info)]() mutable {
    call->answer = run();
    regions.clear();
    // Where the thread of JavaScript is gone, this has given itself back, and nobody may free what the call kept.
    if (completions.NonBlockingCall(call) == napi_ok) completions.Release();
  });
  return promise;
}

void ThreadCalls::Settle(Napi::Env env, Napi::Function, ThreadCalls* calls, Call* call) {
  if (env == nullptr) return;
  if (--calls->running_ == 0) calls->completions_.Unref(env);
  call->deferred.Resolve(call->answer(env));
  delete call;
}

}  // namespace kvnest
