#include "environment.h"

#include <cstdlib>

namespace kvnest::nixl {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

constexpr Setting kEnvironment[] = {
    {"UCX_MEM_MMAP_HOOK_MODE", "none"},  // Patching mmap and brk under V8 crashes it now and then.
    {"UCX_HANDLE_ERRORS", "none"},       // SIGSEGV and the like are V8's.
    {"UCX_DEBUG_SIGNO", "0"},            // Else SIGHUP ends nothing any more.
    {"UCX_MODULES", "^efa"},             // Its library brings a second libibverbs, and exit() crashes.
};

// A READ over TCP comes in segments of this size: 64 KiB by default, and four times slower.
constexpr Setting kSegments[] = {{"TCP_TX_SEG_SIZE", "512k"}, {"TCP_RX_SEG_SIZE", "512k"}};

}  // namespace

void PrepareEnvironment() {
  for (const auto& [name, value] : kEnvironment) setenv(name, value, 0);
}

std::string EngineConfig() {
  std::string config;
  for (const auto& [name, value] : kSegments) {
    if (getenv((std::string("UCX_") + name).c_str()) != nullptr) continue;
    if (!config.empty()) config += ',';
    config.append(name).append("=").append(value);
  }
  return config;
}

}  // namespace kvnest::nixl
