#pragma once

#include <string>

namespace kvnest::nixl {

// Sets, where they are unset, the variables that UCX reads when it is loaded. On the main thread: it is who reads them.
void PrepareEnvironment();

// UCX's configuration for the backend: what no variable of the environment says.
std::string EngineConfig();

}  // namespace kvnest::nixl
