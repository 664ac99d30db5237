#pragma once

#include <napi.h>

namespace kvnest {

// (region, recordsOffset, memory, starts, lengths, count, namespace, slots): a slot whose record has not the key becomes
// -2; negative ones stay. The records are those of src/arena/record-table.ts.
void MatchKeys(const Napi::CallbackInfo& info);

}  // namespace kvnest
