#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace kvnest {

// Threads of its own for calls that may take long or never end: those of libuv read the disk. Calls begin in the order in
// which they come. The threads end when this is gone and all calls were made; nobody waits for them.
class CallThreads {
 public:
  explicit CallThreads(unsigned count);
  ~CallThreads();
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  void Run(std::function<void()> call);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> calls;
    bool ending = false;
  };

  static void Work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace kvnest
