#pragma once

#include <cstddef>
#include <cstdint>

// Own declarations of what is used of NIXL's C interface (libnixl_capi.so): the same in the versions 0.10 to 1.5.

namespace kvnest::nixl {

enum Status : int {
  kSuccess = 0,
  kInProgress = 1,
  kInvalidParam = -1,
  kBackend = -2,
  kInvalidState = -3,
  kException = -4,
  kNoTelemetry = -5,
  kNotFound = -6,
};

enum MemoryType : int { kDram = 0, kVram = 1, kFile = 4 };
enum Operation : int { kRead = 0, kWrite = 1 };
enum ThreadSync : int { kStrict = 1 };

using Agent = struct AgentOpaque*;
using Backend = struct BackendOpaque*;
using MemoryList = struct MemoryListOpaque*;
using Options = struct OptionsOpaque*;
using Params = struct ParamsOpaque*;
using Registration = struct RegistrationOpaque*;
using Request = struct RequestOpaque*;
using TransferList = struct TransferListOpaque*;

struct AgentConfig {
  bool enable_progress_thread;
  bool enable_listen_thread;
  int listen_port;
  int thread_sync;
  unsigned int workers;
  uint64_t progress_delay_us;
  uint64_t listen_delay_us;
  bool capture_telemetry;
};
static_assert(sizeof(AgentConfig) == 40);

// Name without `nixl_capi_`, arguments. All return a Status. Older versions take a flag behind the lists' type and
// handle, which they ignore.
#define KVNEST_NIXL_FUNCTIONS(F)                                                                                    \
  F(create_configured_agent, (const char* name, const AgentConfig* config, Agent* agent))                           \
  F(destroy_agent, (Agent agent))                                                                                   \
  F(get_local_md, (Agent agent, void** data, size_t* length))                                                       \
  F(load_remote_md, (Agent agent, const void* data, size_t length, char** name))                                    \
  F(invalidate_remote_md, (Agent agent, const char* name))                                                          \
  F(check_remote_md, (Agent agent, const char* name, TransferList list))                                            \
  F(get_plugin_params, (Agent agent, const char* plugin, MemoryList* types, Params* params))                        \
  F(destroy_mem_list, (MemoryList types))                                                                           \
  F(params_add, (Params params, const char* key, const char* value))                                                \
  F(destroy_params, (Params params))                                                                                \
  F(create_backend, (Agent agent, const char* plugin, Params params, Backend* backend))                             \
  F(destroy_backend, (Backend backend))                                                                             \
  F(create_opt_args, (Options* options))                                                                            \
  F(opt_args_add_backend, (Options options, Backend backend))                                                       \
  F(destroy_opt_args, (Options options))                                                                            \
  F(create_reg_dlist, (int type, Registration* list, bool sorted))                                                  \
  F(reg_dlist_add_desc,                                                                                             \
    (Registration list, uintptr_t address, size_t length, uint64_t device, const void* meta, size_t meta_length))   \
  F(destroy_reg_dlist, (Registration list))                                                                         \
  F(register_mem, (Agent agent, Registration list, Options options))                                                \
  F(deregister_mem, (Agent agent, Registration list, Options options))                                              \
  F(create_xfer_dlist, (int type, TransferList* list, bool sorted))                                                 \
  F(xfer_dlist_add_desc, (TransferList list, uintptr_t address, size_t length, uint64_t device))                    \
  F(destroy_xfer_dlist, (TransferList list))                                                                        \
  F(create_xfer_req, (Agent agent, int operation, TransferList local, TransferList remote, const char* remote_name, \
                      Request* request, Options options))                                                           \
  F(post_xfer_req, (Agent agent, Request request, Options options))                                                 \
  F(get_xfer_status, (Agent agent, Request request))                                                                \
  F(release_xfer_req, (Agent agent, Request request))                                                               \
  F(destroy_xfer_req, (Request request))

struct Capi {
#define KVNEST_NIXL_POINTER(name, arguments) int(*name) arguments = nullptr;
  KVNEST_NIXL_FUNCTIONS(KVNEST_NIXL_POINTER)
#undef KVNEST_NIXL_POINTER
  // For what the library allocated: its own function where it has one, free() before.
  void (*release)(void* memory) = nullptr;
};

inline const char* StatusName(int status) {
  switch (status) {
    case kSuccess: return "SUCCESS";
    case kInProgress: return "IN_PROG";
    case kInvalidParam: return "INVALID_PARAM";
    case kBackend: return "BACKEND";
    case kInvalidState: return "INVALID_STATE";
    case kException: return "EXCEPTION";
    case kNoTelemetry: return "NO_TELEMETRY";
    case kNotFound: return "NOT_FOUND";
    default: return "unknown status";
  }
}

}  // namespace kvnest::nixl
