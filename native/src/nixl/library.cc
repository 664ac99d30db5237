#include "library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace kvnest::nixl {
namespace {

// What libnixl_capi.so needs of its folder, in the order in which they need each other.
constexpr const char* kSiblings[] = {"libnixl_common.so", "libserdes.so", "libstream.so", "libnixl_build.so",
                                     "libnixl.so"};

std::string LastError() {
  const char* const error = dlerror();
  return error == nullptr ? "unknown error of dlopen" : error;
}

// An installation from source names no folder to look for its siblings in: loaded before, they are found by name.
void LoadSiblings(const std::string& path, std::vector<std::string>* failures) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return;
  for (const char* name : kSiblings) {
    const std::string sibling = path.substr(0, slash + 1) + name;
    if (dlopen(sibling.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) failures->push_back(LastError());
  }
}

void* Load(const std::string& path, std::vector<std::string>* failures) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  const std::string first = LastError();
  std::vector<std::string> of_siblings;
  LoadSiblings(path, &of_siblings);
  library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  failures->push_back(first);
  failures->insert(failures->end(), of_siblings.begin(), of_siblings.end());
  return nullptr;
}

// Empty, or what it lacks.
std::string Resolve(void* library, Capi* capi) {
  std::string missing;
  const auto find = [library, &missing](const char* name) {
    void* const function = dlsym(library, name);
    if (function == nullptr) missing.append(missing.empty() ? "" : ", ").append(name);
    return function;
  };
#define KVNEST_NIXL_RESOLVE(name, arguments) \
  capi->name = reinterpret_cast<decltype(capi->name)>(find("nixl_capi_" #name));
  KVNEST_NIXL_FUNCTIONS(KVNEST_NIXL_RESOLVE)
#undef KVNEST_NIXL_RESOLVE
  void* const release = dlsym(library, "nixl_capi_mem_free");
  capi->release = release == nullptr ? free : reinterpret_cast<void (*)(void*)>(release);
  return missing;
}

bool IsStub(void* library) {
  const auto is_stub = reinterpret_cast<bool (*)()>(dlsym(library, "nixl_capi_is_stub"));
  return is_stub != nullptr && is_stub();
}

}  // namespace

bool OpenLibrary(const std::vector<std::string>& paths, Library* library, std::vector<std::string>* failures) {
  for (const auto& path : paths) {
    void* const loaded = Load(path, failures);
    if (loaded == nullptr) continue;
    const std::string missing = Resolve(loaded, &library->capi);
    if (!missing.empty()) {
      failures->push_back(path + ": it lacks " + missing);
    } else if (IsStub(loaded)) {
      failures->push_back(path + ": it is a stub that found no NIXL");
    } else {
      library->path = path;
      return true;
    }
  }
  return false;
}

}  // namespace kvnest::nixl
