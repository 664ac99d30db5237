#include "agent_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <thread>
#include <utility>

#include "exit_guard.h"

namespace kvnest::nixl {
namespace {

using namespace std::chrono_literals;

// There is no completion to wait for, only a status to ask: all the time at first, giving way to others, then ever more
// rarely. Over TCP, asking is what moves the bytes: left to the library's own thread, 32 MiB take longer and more CPU.
constexpr auto kSpin = 20ms;
constexpr auto kShortPause = 50us;
constexpr auto kLongPause = 200us;
constexpr auto kLongAfter = 100ms;
// Pauses of 50 us would take twice as long with Linux's own.
constexpr unsigned long kTimerSlackNs = 1000;
constexpr auto kQuarantinePause = 5ms;
// Loading a peer right after another was forgotten can race the end of its connection.
constexpr auto kAfterForget = 100ms;
// How long a peer that is refused is tried again while an older one of its name may still be draining.
constexpr auto kLoadRetries = 2s;
constexpr auto kLoadPause = 20ms;
// How long a shutdown waits for what is on its way.
constexpr auto kDrain = 500ms;

}  // namespace

std::shared_ptr<AgentThread> AgentThread::Start(Settings settings, std::function<void()> notify) {
  std::shared_ptr<AgentThread> agent(new AgentThread(std::move(settings), std::move(notify)));
  WatchAtExit(agent);
  // Signals are the main thread's; the threads that the library starts inherit this.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([agent] { agent->Run(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return agent;
}

AgentThread::AgentThread(Settings settings, std::function<void()> notify)
    : settings_(std::move(settings)),
      scratch_(settings_.scratch_bytes),
      transfers_(&session_, &scratch_, settings_.max_posted_bytes, [this](Event event) { Emit(std::move(event)); }),
      notify_(std::move(notify)) {}

void AgentThread::Push(Command command) {
  const std::lock_guard lock(mutex_);
  commands_.push_back(std::move(command));
  changed_.notify_all();
}

std::vector<Event> AgentThread::TakeEvents() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

bool AgentThread::Stop(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  stop_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, wait, [this] { return ended_; });
}

void AgentThread::Silence() {
  const std::lock_guard lock(notify_mutex_);
  notify_ = nullptr;
}

void AgentThread::Run() {
  prctl(PR_SET_TIMERSLACK, kTimerSlackNs);
  if (Open()) {
    Flush();
    Loop();
    Shut();
  } else {
    let_go_ = true;
  }
  Flush();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool AgentThread::Open() {
  Library library;
  std::vector<std::string> failures;
  running_.name = "dlopen";
  const bool found = OpenLibrary(settings_.libraries, &library, &failures);
  running_.name = nullptr;
  std::string reason;
  if (found) {
    GuardExit();
    const Memory scratch{scratch_.data(), scratch_.bytes()};
    reason = session_.Open(library, settings_.name, {settings_.region, scratch}, settings_.plugin);
    // Once more, in front of the exit handlers of what the backend loaded.
    GuardExit();
    if (reason.empty()) {
      // Files belong to the agent itself.
      if (!settings_.plugin.reaches_peers()) transfers_.AddPeer(settings_.name);
      Emit({.kind = Event::kStarted, .text = library.path, .bytes = session_.metadata()});
      return true;
    }
    failures.push_back(library.path + ": " + reason);
  }
  for (const auto& failure : failures) reason = failure == failures.front() ? failure : reason + "\n" + failure;
  Emit({.kind = Event::kNotStarted, .text = reason});
  return false;
}

void AgentThread::Loop() {
  while (!closing_) {
    for (auto& command : WaitForCommands()) Handle(std::move(command));
    if (transfers_.Advance()) last_move_ = Clock::now();
    if (transfers_.draining() && transfers_.ForgetDrained()) load_not_before_ = Clock::now() + kAfterForget;
    if (!pending_peers_.empty()) LoadPeers();
    Flush();
  }
}

std::vector<Command> AgentThread::WaitForCommands() {
  std::unique_lock lock(mutex_);
  const auto woken = [this] { return stop_ || !commands_.empty(); };
  if (transfers_.idle() && pending_peers_.empty() && !transfers_.draining()) {
    changed_.wait(lock, woken);
  } else if (const auto pause = Pause(); pause > Clock::duration::zero()) {
    changed_.wait_for(lock, pause, woken);
  } else {
    std::this_thread::yield();
  }
  closing_ = stop_;
  return std::exchange(commands_, {});
}

AgentThread::Clock::duration AgentThread::Pause() const {
  if (transfers_.only_abandoned()) return kQuarantinePause;
  const auto still = Clock::now() - last_move_;
  if (still < kSpin) return Clock::duration::zero();
  return still < kLongAfter ? kShortPause : kLongPause;
}

void AgentThread::Handle(Command command) {
  switch (command.kind) {
    case Command::kAddPeer:
      pending_peers_.push_back({command.id, std::move(command.metadata), Clock::now() + kLoadRetries});
      break;
    case Command::kRemovePeer:
      transfers_.DropPeer(command.peer, "the peer was removed");
      break;
    case Command::kRead:
      transfers_.Add(std::move(command.read));
      break;
    case Command::kAbandon:
      transfers_.Abandon(command.id);
      break;
    case Command::kClose:
      closing_ = true;
      break;
  }
}

void AgentThread::LoadPeers() {
  const auto now = Clock::now();
  if (now < load_not_before_) return;
  std::vector<PendingPeer> later;
  for (auto& pending : std::exchange(pending_peers_, {})) {
    std::string name;
    const Session::Result result = session_.LoadPeer(pending.metadata, &name);
    if (result.status == kSuccess) {
      transfers_.AddPeer(name);
      Emit({.kind = Event::kPeerAdded, .id = pending.id, .text = name});
    } else if (transfers_.draining() && now < pending.give_up) {
      load_not_before_ = now + kLoadPause;
      later.push_back(std::move(pending));
    } else {
      Emit({.kind = Event::kPeerRefused, .id = pending.id, .text = result.text()});
    }
  }
  pending_peers_ = std::move(later);
}

void AgentThread::Shut() {
  transfers_.AbortWaiting();
  const auto until = Clock::now() + kDrain;
  while (!transfers_.idle() && Clock::now() < until) {
    if (!transfers_.Advance()) std::this_thread::sleep_for(kLongPause);
  }
  const bool undone = transfers_.ReleaseAll();
  session_.Close();
  if (undone) scratch_.Abandon();
  let_go_ = !undone;
  Emit({.kind = Event::kClosed});
}

void AgentThread::Emit(Event event) { unflushed_.push_back(std::move(event)); }

void AgentThread::Flush() {
  if (unflushed_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (auto& event : unflushed_) events_.push_back(std::move(event));
  }
  unflushed_.clear();
  const std::lock_guard lock(notify_mutex_);
  if (notify_) notify_();
}

}  // namespace kvnest::nixl
