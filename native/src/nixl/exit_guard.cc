#include "exit_guard.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "../region.h"
#include "agent_thread.h"

namespace kvnest::nixl {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2000ms;

// Never destroyed: the handlers run among the destructors.
struct Watched {
  std::mutex mutex;
  std::vector<std::weak_ptr<AgentThread>> agents;
};
Watched& watched = *new Watched;

bool StopAll() {
  const std::lock_guard lock(watched.mutex);
  bool all = true;
  for (const auto& weak : watched.agents) {
    const auto agent = weak.lock();
    if (agent == nullptr) continue;
    agent->Silence();
    all &= agent->Stop(all ? kPatience : 0ms);
  }
  watched.agents.clear();
  return all;
}

#ifdef __GLIBC__
void AtExit(int status, void*) {
  if (StopAll()) return;
  fflush(nullptr);
  Region::RemoveFiles();
  _exit(status);
}
#endif

}  // namespace

void WatchAtExit(const std::shared_ptr<AgentThread>& agent) {
  const std::lock_guard lock(watched.mutex);
  std::erase_if(watched.agents, [](const auto& weak) { return weak.expired(); });
  watched.agents.push_back(agent);
}

void GuardExit() {
#ifdef __GLIBC__
  on_exit(AtExit, nullptr);
#else
  std::atexit([] { StopAll(); });
#endif
}

}  // namespace kvnest::nixl
