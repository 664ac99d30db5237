#pragma once

#include <memory>

namespace kvnest::nixl {

class AgentThread;

// Agents that are to end before the process does: exit() takes the library apart while their threads use it.
void WatchAtExit(const std::shared_ptr<AgentThread>& agent);

// From now on exit() ends the agents before it comes to what was loaded up to now. What does not end in time is left
// behind, and with it all other exit handlers.
void GuardExit();

}  // namespace kvnest::nixl
