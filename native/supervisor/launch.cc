#include "launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kvnest {
namespace {

LaunchFailure FailureOf(const char* step) {
  LaunchFailure failure{{}, errno};
  strncpy(failure.step, step, sizeof failure.step - 1);
  return failure;
}

void ResetSignals() {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool LimitMemory(unsigned long long bytes) {
  if (bytes == 0) return true;
  const rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

bool LowerPriority(int by) {
  errno = 0;
  return by == 0 || nice(by) != -1 || errno == 0;
}

// In the child. Returns when it failed.
LaunchFailure Become(const Options& options, pid_t supervisor) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(1);
  if (chdir(options.cwd) != 0) return FailureOf("chdir");
  if (!LowerPriority(options.nice)) return FailureOf("nice");
  if (!LimitMemory(options.memory_bytes)) return FailureOf("memory");
  ResetSignals();
  execvp(options.command[0], options.command);
  return FailureOf("exec");
}

}  // namespace

Launch StartPlugin(const Options& options) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return {-1, -1, FailureOf("pipe")};
  const pid_t supervisor = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    const LaunchFailure failure = Become(options, supervisor);
    if (write(fds[1], &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
  }
  const LaunchFailure failure = FailureOf("fork");
  close(fds[1]);
  return {pid, fds[0], failure};
}

}  // namespace kvnest
