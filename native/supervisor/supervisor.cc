#include "supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "descendants.h"

namespace kvnest {
namespace {

// What SIGKILL does not end at once hangs in the kernel or belongs to another user. No reason to be busy.
constexpr int64_t kLongestPauseMs = 1000;

int64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1'000'000;
}

// Children are buried by the kernel, and still announced: one that forks all the time must not leave more than can be reaped.
void BuryAtOnce() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, nullptr);
}

// A stopped process takes SIGTERM only when it goes on.
void AskGroup(pid_t group) {
  kill(-group, SIGTERM);
  kill(-group, SIGCONT);
}

}  // namespace

Supervisor::Supervisor(const Options& options, LifeLine& life_line, int signal_fd)
    : options_(options), life_line_(life_line), signal_fd_(signal_fd) {}

void Supervisor::Run(const Launch& launch) {
  plugin_ = launch.pid;
  result_fd_ = launch.result_fd;
  while (Reap()) {
    if (Killing()) {
      if (alive_ && result_fd_ < 0) kill(-plugin_, SIGKILL);
      SignalDescendants(SIGKILL, 0);
    }
    Wait();
  }
}

bool Supervisor::Killing() const { return NowMs() >= deadline_ms_; }

void Supervisor::Wait() {
  int64_t timeout_ms = -1;
  if (Killing()) {
    timeout_ms = pause_ms_;
    pause_ms_ = std::min(pause_ms_ * 2, kLongestPauseMs);
  } else if (deadline_ms_ != kNever) {
    timeout_ms = std::min<int64_t>(deadline_ms_ - NowMs() + 1, INT32_MAX);
  }
  // A negative descriptor is left out.
  pollfd fds[] = {{signal_fd_, POLLIN, 0}, {orphaned_ ? -1 : LifeLine::kFd, POLLIN, 0}, {result_fd_, POLLIN, 0}};
  if (poll(fds, 3, static_cast<int>(timeout_ms)) <= 0) return;
  if (fds[2].revents != 0) ReadLaunchResult();
  if (fds[1].revents != 0) {
    const long grace_ms = life_line_.ReadStop();
    if (grace_ms >= 0) Stop(grace_ms);
    if (life_line_.closed()) ServerIsGone();
  }
  if (fds[0].revents != 0) TakeSignals();
}

void Supervisor::TakeSignals() {
  signalfd_siginfo infos[8];
  ssize_t length;
  while ((length = read(signal_fd_, infos, sizeof infos)) > 0) {
    for (size_t i = 0; i < static_cast<size_t>(length) / sizeof infos[0]; i++) {
      if (infos[i].ssi_signo == SIGCHLD) pause_ms_ = 1;
      // From the kernel when the server ends. Anybody else may send it, too.
      if (infos[i].ssi_signo == SIGCONT && getppid() != options_.server) ServerIsGone();
    }
  }
}

void Supervisor::ReadLaunchResult() {
  LaunchFailure failure;
  ssize_t length;
  do {
    length = read(result_fd_, &failure, sizeof failure);
  } while (length < 0 && errno == EINTR);
  if (length < 0 && errno == EAGAIN) return;
  failed_ = length == static_cast<ssize_t>(sizeof failure);
  close(result_fd_);
  result_fd_ = -1;
  if (failed_) {
    life_line_.Send("failed", failure.step, failure.error);
  } else {
    life_line_.Send("started", plugin_);
  }
}

// False when no child is left.
bool Supervisor::Reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0 && errno != EINTR) return false;
    if (pid == plugin_ && alive_) TakeExit(status);
  }
}

void Supervisor::TakeExit(int status) {
  alive_ = false;
  BuryAtOnce();
  // Its end of the pipe is closed: what it had to say is there.
  if (result_fd_ >= 0) ReadLaunchResult();
  if (failed_) return;
  if (WIFSIGNALED(status)) {
    life_line_.Send("killed", WTERMSIG(status));
  } else {
    life_line_.Send("exited", WEXITSTATUS(status));
  }
  // Its group may have been asked before, and twice means "at once" to some.
  const pid_t except = asked_ ? plugin_ : 0;
  if (!asked_) Stop(options_.orphan_grace_ms);
  SignalDescendants(SIGTERM, except);
  SignalDescendants(SIGCONT, except);
}

void Supervisor::Stop(int64_t grace_ms) {
  // Not yet the plugin, but a copy of this process.
  if (result_fd_ >= 0) grace_ms = 0;
  deadline_ms_ = std::min(deadline_ms_, NowMs() + grace_ms);
  if (!asked_ && alive_ && result_fd_ < 0) AskGroup(plugin_);
  asked_ = true;
}

void Supervisor::ServerIsGone() {
  if (orphaned_) return;
  orphaned_ = true;
  Stop(options_.orphan_grace_ms);
}

}  // namespace kvnest
