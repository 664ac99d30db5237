#include "thread_work.h"

#include <memory>
#include <utility>
#include <vector>

#include "region.h"

namespace kvnest {
namespace {

// Node waits for it where its environment ends, and deletes nothing before.
class ThreadWork : public Napi::AsyncWorker {
 public:
  ThreadWork(const Napi::CallbackInfo& info, std::function<double()> work)
      : Napi::AsyncWorker(info.Env(), "kvnest block"), deferred_(info.Env()), work_(std::move(work)) {
    for (size_t i = 0; i < info.Length(); i++) {
      if (!info[i].IsTypedArray()) continue;
      const auto bytes = info[i].As<Napi::Uint8Array>();
      arguments_.push_back(Napi::Persistent(bytes.As<Napi::Object>()));
      regions_.push_back(Region::Hold(bytes.Data()));
    }
  }

  Napi::Promise Promise() const { return deferred_.Promise(); }

 private:
  void Execute() override { result_ = work_(); }
  void OnOK() override { deferred_.Resolve(Napi::Number::New(Env(), result_)); }

  Napi::Promise::Deferred deferred_;
  std::function<double()> work_;
  std::vector<Napi::ObjectReference> arguments_;
  std::vector<std::shared_ptr<const void>> regions_;
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
