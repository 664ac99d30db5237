#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mooncake_library.h"

namespace kvnest {

struct MooncakeSettings {
  std::string library;
  std::string hostname;
  std::string metadata_server;
  std::string protocol;
  std::string device;
  std::string master;
  size_t replicas = 1;
};

struct MemoryRange {
  uint8_t* data;
  size_t bytes;
};

// A client of a Mooncake Store by Mooncake's own library. All of it blocks, and after Open any number of threads may call it
// at the same time. Answers are the library's: codes, and sizes where these are not negative.
class MooncakeStore {
 public:
  explicit MooncakeStore(MooncakeSettings settings) : settings_(std::move(settings)) {}
  ~MooncakeStore() { Close(); }
  MooncakeStore(const MooncakeStore&) = delete;
  MooncakeStore& operator=(const MooncakeStore&) = delete;

  // The code of the set-up. `problem` says why the library cannot be used, if so.
  int Open(std::string* problem);
  // Nothing else runs any more.
  void Close();

  // One answer for each name; for all of them the code of a call that failed as a whole.
  std::vector<int64_t> Exist(const std::vector<std::string>& names) const;
  std::vector<int64_t> Remove(const std::vector<std::string>& names) const;
  int64_t SizeOf(const std::string& name) const;
  int64_t Read(const std::string& name, MemoryRange target) const;
  // Straight from a single part, else gathered in `scratch`, which has room for all of them.
  int64_t Write(const std::string& name, const std::vector<MemoryRange>& parts, MemoryRange scratch) const;
  int64_t Register(MemoryRange memory) const;
  int64_t Unregister(MemoryRange memory) const;

 private:
  const MooncakeSettings settings_;
  MooncakeLibrary library_{};
  void* store_ = nullptr;
};

}  // namespace kvnest
