#pragma once

#include <napi.h>

#include <functional>

namespace kvnest {

// Does `work` on a thread of libuv's pool, and resolves with what it returns. What the arguments of the call refer to is not
// collected meanwhile, and no region that their bytes lie in is unmapped, whatever is closed.
Napi::Value WorkOnThread(const Napi::CallbackInfo& info, std::function<double()> work);

}  // namespace kvnest
