#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "transfers.h"

namespace kvnest::nixl {

// The thread that owns an agent: it alone calls the library. Commands go in, events come out.
class AgentThread {
 public:
  struct Settings {
    std::string name;
    Memory region;
    std::vector<std::string> libraries;
    size_t scratch_bytes;
    size_t max_posted_bytes;
    Plugin plugin{};
  };

  // `notify` is called on the thread when there are events to take.
  static std::shared_ptr<AgentThread> Start(Settings settings, std::function<void()> notify);

  void Push(Command command);
  std::vector<Event> TakeEvents();

  // Ends the thread as kClose does, without an event, and waits that long for it. Whether it has ended.
  bool Stop(std::chrono::milliseconds wait);
  // When this returns, `notify` does not run and will not be called again.
  void Silence();

  // Whether the memory may be unmapped: the library is done with it.
  bool let_go() const { return let_go_; }
  const RunningCall& running() const { return running_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct PendingPeer {
    uint32_t id;
    std::vector<uint8_t> metadata;
    Clock::time_point give_up;
  };

  AgentThread(Settings settings, std::function<void()> notify);

  void Run();
  bool Open();
  void Loop();
  void Shut();
  std::vector<Command> WaitForCommands();
  Clock::duration Pause() const;
  void Handle(Command command);
  void LoadPeers();
  void Emit(Event event);
  void Flush();

  const Settings settings_;
  Scratch scratch_;
  RunningCall running_;
  Session session_{&running_};
  Transfers transfers_;
  std::vector<PendingPeer> pending_peers_;
  Clock::time_point last_move_{};
  Clock::time_point load_not_before_{};
  bool closing_ = false;
  std::atomic<bool> let_go_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Command> commands_;
  std::vector<Event> events_;
  std::vector<Event> unflushed_;  // Of the thread alone.
  bool stop_ = false;
  bool ended_ = false;

  std::mutex notify_mutex_;
  std::function<void()> notify_;
};

}  // namespace kvnest::nixl
