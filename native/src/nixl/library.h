#pragma once

#include <string>
#include <vector>

#include "capi.h"

namespace kvnest::nixl {

// A loaded libnixl_capi.so. It stays loaded: its threads and exit handlers do.
struct Library {
  Capi capi;
  std::string path;
};

// Loads the first of `paths` that can be used. Adds one line to `failures` for each that cannot and for each sibling
// that did not load. Takes tens of milliseconds, seconds from a cold disk.
bool OpenLibrary(const std::vector<std::string>& paths, Library* library, std::vector<std::string>* failures);

}  // namespace kvnest::nixl
