#include "session.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "environment.h"

namespace kvnest::nixl {
namespace {

// The library's own thread sleeps this long while nothing happens; by default it would spin.
constexpr uint64_t kProgressDelayUs = 10'000;

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

#define KVNEST_NIXL_CALL(name, ...) Call(#name, capi_.name, __VA_ARGS__)
#define KVNEST_NIXL_TRY(name, ...)                                                                        \
  if (const int status = KVNEST_NIXL_CALL(name, __VA_ARGS__); status != kSuccess) return {status, #name}

template <typename Function, typename... Arguments>
int Session::Call(const char* name, Function function, Arguments... arguments) {
  running_->since_ms = NowMs();
  running_->name = name;
  const int status = function(arguments...);
  running_->name = nullptr;
  return status;
}

std::string Session::Open(const Library& library, const std::string& name, const std::vector<Memory>& memory,
                          Plugin plugin) {
  capi_ = library.capi;
  plugin_ = std::move(plugin);
  Result result = CreateAgent(name);
  if (result.status == kSuccess) result = CreateBackend();
  if (result.status == kSuccess) result = Register(memory);
  if (result.status == kSuccess && plugin_.reaches_peers()) result = ReadMetadata();
  if (result.status == kSuccess) return "";
  Close();
  return result.text();
}

Session::Result Session::CreateAgent(const std::string& name) {
  const AgentConfig config = {.enable_progress_thread = true,
                              .enable_listen_thread = false,
                              .listen_port = 0,
                              .thread_sync = kStrict,
                              .workers = 1,
                              .progress_delay_us = kProgressDelayUs,
                              .listen_delay_us = kProgressDelayUs,
                              .capture_telemetry = false};
  KVNEST_NIXL_TRY(create_configured_agent, name.c_str(), &config, &agent_);
  return {};
}

Session::Result Session::CreateBackend() {
  MemoryList types = nullptr;
  Params params = nullptr;
  KVNEST_NIXL_TRY(get_plugin_params, agent_, plugin_.name.c_str(), &types, &params);
  KVNEST_NIXL_CALL(destroy_mem_list, types);
  if (plugin_.reaches_peers()) {
    const std::string engine = EngineConfig();
    // What it has already it keeps: UCX's default is this, too.
    KVNEST_NIXL_CALL(params_add, params, "ucx_error_handling_mode", "peer");
    if (!engine.empty()) KVNEST_NIXL_CALL(params_add, params, "engine_config", engine.c_str());
  }
  const int status = KVNEST_NIXL_CALL(create_backend, agent_, plugin_.name.c_str(), params, &backend_);
  KVNEST_NIXL_CALL(destroy_params, params);
  if (status != kSuccess) return {status, "create_backend"};
  KVNEST_NIXL_TRY(create_opt_args, &options_);
  KVNEST_NIXL_TRY(opt_args_add_backend, options_, backend_);
  return {};
}

Session::Result Session::Register(const std::vector<Memory>& memory) {
  KVNEST_NIXL_TRY(create_reg_dlist, kDram, &registration_, false);
  for (const auto& [data, bytes] : memory) {
    if (bytes == 0) continue;
    KVNEST_NIXL_TRY(reg_dlist_add_desc, registration_, reinterpret_cast<uintptr_t>(data), bytes, uint64_t{0}, "",
                    size_t{0});
  }
  KVNEST_NIXL_TRY(register_mem, agent_, registration_, options_);
  registered_ = true;
  return {};
}

Session::Result Session::ReadMetadata() {
  void* data = nullptr;
  size_t length = 0;
  KVNEST_NIXL_TRY(get_local_md, agent_, &data, &length);
  metadata_.assign(static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + length);
  capi_.release(data);
  return {};
}

void Session::Close() {
  if (registered_) KVNEST_NIXL_CALL(deregister_mem, agent_, registration_, options_);
  if (registration_ != nullptr) KVNEST_NIXL_CALL(destroy_reg_dlist, registration_);
  if (options_ != nullptr) KVNEST_NIXL_CALL(destroy_opt_args, options_);
  if (backend_ != nullptr) KVNEST_NIXL_CALL(destroy_backend, backend_);
  if (agent_ != nullptr) KVNEST_NIXL_CALL(destroy_agent, agent_);
  registered_ = false;
  registration_ = nullptr;
  options_ = nullptr;
  backend_ = nullptr;
  agent_ = nullptr;
}

Session::Result Session::LoadPeer(const std::vector<uint8_t>& metadata, std::string* name) {
  char* loaded = nullptr;
  KVNEST_NIXL_TRY(load_remote_md, agent_, metadata.data(), metadata.size(), &loaded);
  *name = loaded;
  capi_.release(loaded);
  return {};
}

// The versions differ in what they answer about a peer that is dead.
void Session::ForgetPeer(const std::string& name) {
  if (plugin_.reaches_peers()) KVNEST_NIXL_CALL(invalidate_remote_md, agent_, name.c_str());
}

bool Session::Knows(const std::string& name) {
  return KVNEST_NIXL_CALL(check_remote_md, agent_, name.c_str(), static_cast<TransferList>(nullptr)) == kSuccess;
}

// The POSIX plugin may take a write for done of which a full file system took a part.
Session::Result Session::Reserve(int descriptor, uint64_t bytes) {
  if (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return {};
  if (errno == EOPNOTSUPP) return {};
  return {kBackend, errno == ENOSPC ? "the file system is full" : "fallocate"};
}

Session::Result Session::RegisterFile(uint64_t descriptor, uint64_t bytes, Registration* file) {
  KVNEST_NIXL_TRY(create_reg_dlist, kFile, file, false);
  Result result{KVNEST_NIXL_CALL(reg_dlist_add_desc, *file, uintptr_t{0}, bytes, descriptor, "", size_t{0}),
                "reg_dlist_add_desc"};
  if (result.status == kSuccess) {
    result = {KVNEST_NIXL_CALL(register_mem, agent_, *file, options_), "register_mem"};
  }
  if (result.status == kSuccess) return result;
  KVNEST_NIXL_CALL(destroy_reg_dlist, *file);
  *file = nullptr;
  return result;
}

void Session::ForgetFile(Registration file) {
  KVNEST_NIXL_CALL(deregister_mem, agent_, file, options_);
  KVNEST_NIXL_CALL(destroy_reg_dlist, file);
}

Session::Result Session::CreateRequest(Operation operation, const std::string& peer, MemoryType type,
                                       const std::vector<Descriptor>& blocks, Request* request) {
  TransferList local = nullptr;
  TransferList remote = nullptr;
  KVNEST_NIXL_TRY(create_xfer_dlist, kDram, &local, false);
  Result result{KVNEST_NIXL_CALL(create_xfer_dlist, type, &remote, false), "create_xfer_dlist"};
  if (result.status == kSuccess) result = FillLists(blocks, local, remote);
  if (result.status == kSuccess) {
    result = {KVNEST_NIXL_CALL(create_xfer_req, agent_, operation, local, remote, peer.c_str(), request, options_),
              "create_xfer_req"};
  }
  if (remote != nullptr) KVNEST_NIXL_CALL(destroy_xfer_dlist, remote);
  KVNEST_NIXL_CALL(destroy_xfer_dlist, local);
  return result;
}

Session::Result Session::FillLists(const std::vector<Descriptor>& blocks, TransferList local, TransferList remote) {
  for (const auto& block : blocks) {
    KVNEST_NIXL_TRY(xfer_dlist_add_desc, local, reinterpret_cast<uintptr_t>(block.local), block.length, uint64_t{0});
    KVNEST_NIXL_TRY(xfer_dlist_add_desc, remote, block.remote, block.length, block.device);
  }
  return {};
}

// No options: they would erase those of the request.
Session::Result Session::Post(Request request) {
  return {KVNEST_NIXL_CALL(post_xfer_req, agent_, request, static_cast<Options>(nullptr)), "post_xfer_req"};
}

Session::Result Session::StatusOf(Request request) {
  return {KVNEST_NIXL_CALL(get_xfer_status, agent_, request), "get_xfer_status"};
}

void Session::Release(Request request) {
  KVNEST_NIXL_CALL(release_xfer_req, agent_, request);
  KVNEST_NIXL_CALL(destroy_xfer_req, request);
}

}  // namespace kvnest::nixl
