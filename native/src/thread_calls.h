#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "call_threads.h"

namespace kvnest {

// Calls that block, on threads, each with a promise. Used on the thread of JavaScript only.
class ThreadCalls {
 public:
  // What a promise is resolved with: made on the thread of JavaScript, from what a call found out.
  using Answer = std::function<Napi::Value(Napi::Env)>;

  ThreadCalls(Napi::Env env, const char* name, unsigned threads);
  ~ThreadCalls();
  ThreadCalls(const ThreadCalls&) = delete;
  ThreadCalls& operator=(const ThreadCalls&) = delete;

  // Neither the receiver nor the arguments of `info` are collected before the call has ended, and no region that these lie in is
  // unmapped, whatever is closed: where a worker ends, nobody waits for the threads.
  Napi::Promise Run(const Napi::CallbackInfo& info, std::function<Answer()> call);

  // Without a promise.
  void Run(std::function<void()> call) { threads_.Run(std::move(call)); }

 private:
  struct Call;
  static void OnEnd(Napi::Env env, std::shared_ptr<bool>* has_ended, ThreadCalls*);
  static void Settle(Napi::Env env, Napi::Function, ThreadCalls* calls, Call* call);
  using Completions = Napi::TypedThreadSafeFunction<ThreadCalls, Call, &ThreadCalls::Settle>;

  CallThreads threads_;
  std::shared_ptr<bool> has_ended_ = std::make_shared<bool>(false);
  Completions completions_;
  // The event loop goes on as long as there are any.
  size_t running_ = 0;
};

}  // namespace kvnest
