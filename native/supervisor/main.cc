// Runs one plugin for a server, and ends with nothing of it left. See src/plugins/process/README.md.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>

#include "descriptors.h"
#include "launch.h"
#include "life_line.h"
#include "options.h"
#include "supervisor.h"

namespace {

constexpr int kUsage = 64;

// All signals become something to read: none but SIGKILL and SIGSTOP disturbs a supervisor.
int BlockSignals() {
  signal(SIGCHLD, SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int argc, char** argv) {
  kvnest::Options options;
  if (!kvnest::ParseOptions(argc, argv, options)) {
    fputs("kvnest-supervisor is started by kvnest\n", stderr);
    return kUsage;
  }
  // Fails where it leads a session already.
  setsid();
  kvnest::CloseDescriptorsFrom(kvnest::LifeLine::kFd + 1);
  const int signal_fd = BlockSignals();
  kvnest::LifeLine life_line;
  life_line.Prepare();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Also wakes who was stopped.
  prctl(PR_SET_PDEATHSIG, SIGCONT);
  if (getppid() != options.server) return 0;

  const kvnest::Launch launch = kvnest::StartPlugin(options);
  kvnest::ReplaceOutputByNull();
  if (launch.pid < 0) {
    life_line.Send("failed", launch.failure.step, launch.failure.error);
    return 0;
  }
  kvnest::Supervisor(options, life_line, signal_fd).Run(launch);
  return 0;
}
