#pragma once

#include <napi.h>

namespace kvnest {

// { shuffle, unshuffle, scaled, scaledVariants }: what works on blocks of chunks, on threads.
Napi::Object BlockFunctions(Napi::Env env);

}  // namespace kvnest
