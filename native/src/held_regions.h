#pragma once

#include <napi.h>

#include <memory>
#include <vector>

namespace kvnest {

using HeldRegions = std::vector<std::shared_ptr<const void>>;

// The regions that arguments of the call lie in, also those in arrays: none is unmapped for as long as this lives.
HeldRegions HoldRegions(const Napi::CallbackInfo& info);

}  // namespace kvnest
