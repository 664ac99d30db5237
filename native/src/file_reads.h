#pragma once

#include <napi.h>

#include <cstdint>

#include "thread_calls.h"

namespace kvnest {

// Reads of files with the checksum of what came, on threads of their own: { read(fd, position, buffers, checkedBytes) }.
class FileReads : public Napi::ObjectWrap<FileReads> {
 public:
  static Napi::Function Class(Napi::Env env);

  // new (threads)
  explicit FileReads(const Napi::CallbackInfo& info);

 private:
  // Fills the buffers in order. A promise of the CRC-32C of their first `checkedBytes`, of -errno, or of kShort.
  Napi::Value Read(const Napi::CallbackInfo& info);

  ThreadCalls calls_;
};

}  // namespace kvnest
