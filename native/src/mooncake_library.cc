#include "mooncake_library.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <type_traits>

namespace kvnest {
namespace {

std::string LastProblem() {
  const char* const problem = dlerror();
  return problem == nullptr ? "it cannot be loaded" : problem;
}

}  // namespace

std::string MooncakeLibrary::Load(const std::string& path) {
  // Read when it is loaded. Without the first it makes a connection for each transfer; the second quiets its log.
  setenv("MC_TCP_ENABLE_CONNECTION_POOL", "1", 0);
  setenv("GLOG_minloglevel", "2", 0);
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return LastProblem();
  std::string missing;
  const auto find = [&](auto*& function, const char* name) {
    const std::string symbol = std::string("mooncake_store_") + name;
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol.c_str()));
    if (function == nullptr) missing += (missing.empty() ? "" : ", ") + symbol;
  };
  find(create, "create");
  find(destroy, "destroy");
  find(setup, "setup");
  find(put_from, "put_from");
  find(get_into, "get_into");
  find(batch_is_exist, "batch_is_exist");
  find(get_size, "get_size");
  find(remove, "remove");
  find(register_buffer, "register_buffer");
  find(unregister_buffer, "unregister_buffer");
  return missing.empty() ? "" : path + ": it has no " + missing;
}

}  // namespace kvnest
