#include "mooncake_store.h"

#include <cstring>
#include <utility>

namespace kvnest {
namespace {

constexpr int kInternal = -1;
// kvnest brings no memory of its own, and no copy is made on the way.
constexpr uint64_t kNoSegment = 0;
constexpr uint64_t kNoBuffer = 0;
// Also what has a lease.
constexpr int kForce = 1;

}  // namespace

int MooncakeStore::Open(std::string* problem) {
  *problem = library_.Load(settings_.library);
  if (!problem->empty()) return kInternal;
  store_ = library_.create();
  if (store_ == nullptr) return kInternal;
  const int code = library_.setup(store_, settings_.hostname.c_str(), settings_.metadata_server.c_str(), kNoSegment, kNoBuffer,
                                  settings_.protocol.c_str(), settings_.device.c_str(), settings_.master.c_str());
  if (code != 0) Close();
  return code;
}

void MooncakeStore::Close() {
  if (store_ != nullptr) library_.destroy(std::exchange(store_, nullptr));
}

std::vector<int64_t> MooncakeStore::Exist(const std::vector<std::string>& names) const {
  std::vector<const char*> keys;
  for (const auto& name : names) keys.push_back(name.c_str());
  std::vector<int> results(names.size(), kInternal);
  const int code = library_.batch_is_exist(store_, keys.data(), keys.size(), results.data());
  if (code != 0) return std::vector<int64_t>(names.size(), code);
  return {results.begin(), results.end()};
}

std::vector<int64_t> MooncakeStore::Remove(const std::vector<std::string>& names) const {
  std::vector<int64_t> results;
  for (const auto& name : names) results.push_back(library_.remove(store_, name.c_str(), kForce));
  return results;
}

int64_t MooncakeStore::SizeOf(const std::string& name) const { return library_.get_size(store_, name.c_str()); }

int64_t MooncakeStore::Read(const std::string& name, MemoryRange target) const {
  return library_.get_into(store_, name.c_str(), target.data, target.bytes);
}

int64_t MooncakeStore::Write(const std::string& name, const std::vector<MemoryRange>& parts, MemoryRange scratch) const {
  MemoryRange whole = parts.front();
  if (parts.size() > 1) {
    whole = {scratch.data, 0};
    for (const auto& [data, bytes] : parts) {
      std::memcpy(whole.data + whole.bytes, data, bytes);
      whole.bytes += bytes;
    }
  }
  MooncakeReplication replication{};
  replication.replica_num = settings_.replicas;
  return library_.put_from(store_, name.c_str(), whole.data, whole.bytes, &replication);
}

int64_t MooncakeStore::Register(MemoryRange memory) const { return library_.register_buffer(store_, memory.data, memory.bytes); }

int64_t MooncakeStore::Unregister(MemoryRange memory) const { return library_.unregister_buffer(store_, memory.data); }

}  // namespace kvnest
