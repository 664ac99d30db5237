#include "descendants.h"

#include <signal.h>
#include <unistd.h>

#include "children.h"

namespace kvnest {
namespace {

PidList met;
ProcessTable table;

}  // namespace

void SignalDescendants(int signal, pid_t except) {
  const pid_t own_group = getpgrp();
  met.Clear();
  const bool listed = AddListedChildren(getpid(), met);
  if (!listed) {
    table.Read();
    table.AddChildren(getpid(), met);
  }
  // The last born come first: the others have died already where there are too many.
  while (met.count() > 0) {
    const pid_t pid = met.TakeLast();
    const pid_t group = getpgid(pid);
    if (group > 0 && group != except) {
      // A group dies at once: none of its members can fork in between. They all descend from who opened its session.
      if (signal == SIGKILL && group > 1 && group != own_group) kill(-group, signal);
      kill(pid, signal);
    }
    // Whoever is to die has no more children from now on.
    if (listed) {
      AddListedChildren(pid, met);
    } else {
      table.AddChildren(pid, met);
    }
  }
}

}  // namespace kvnest
