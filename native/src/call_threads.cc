#include "call_threads.h"

#include <thread>
#include <utility>

namespace kvnest {

CallThreads::CallThreads(unsigned count) {
  for (unsigned i = 0; i < count; i++) std::thread(Work, shared_).detach();
}

CallThreads::~CallThreads() {
  const std::lock_guard lock(shared_->mutex);
  shared_->ending = true;
  shared_->changed.notify_all();
}

void CallThreads::Run(std::function<void()> call) {
  const std::lock_guard lock(shared_->mutex);
  shared_->calls.push_back(std::move(call));
  shared_->changed.notify_one();
}

void CallThreads::Work(const std::shared_ptr<Shared>& shared) {
  for (;;) {
    std::function<void()> call;
    {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->ending || !shared->calls.empty(); });
      if (shared->calls.empty()) return;
      call = std::move(shared->calls.front());
      shared->calls.pop_front();
    }
    call();
  }
}

}  // namespace kvnest
