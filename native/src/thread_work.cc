#include "thread_work.h"

#include <utility>
#include <vector>

#include "held_regions.h"

namespace kvnest {
namespace {

// Node waits for it where its environment ends, and deletes nothing before.
class ThreadWork : public Napi::AsyncWorker {
 public:
  ThreadWork(const Napi::CallbackInfo& info, std::function<double()> work)
      : Napi::AsyncWorker(info.Env(), "kvnest block"),
        deferred_(info.Env()),
        work_(std::move(work)),
        regions_(HoldRegions(info)) {
    for (size_t i = 0; i < info.Length(); i++) {
      if (info[i].IsTypedArray()) arguments_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
    }
  }

  Napi::Promise Promise() const { return deferred_.Promise(); }

 private:
  void Execute() override { result_ = work_(); }
  void OnOK() override { deferred_.Resolve(Napi::Number::New(Env(), result_)); }

  Napi::Promise::Deferred deferred_;
  std::function<double()> work_;
  HeldRegions regions_;
  std::vector<Napi::ObjectReference> arguments_;
  double result_ = 0;
};

}  // namespace

Napi::Value WorkOnThread(const Napi::CallbackInfo& info, std::function<double()> work) {
  auto* const worker = new ThreadWork(info, std::move(work));
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  return promise;
}

}  // namespace kvnest
