#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace kvnest {

// mooncake_replicate_config_t of Mooncake's store_c.h.
struct MooncakeReplication {
  size_t replica_num;
  int with_soft_pin;
  int with_hard_pin;
  const char** preferred_segments;
  size_t preferred_segments_count;
};

// What kvnest calls of store_c.h, found in a shared library that the operator brings. It stays loaded for good: it has threads.
struct MooncakeLibrary {
  void* (*create)();
  void (*destroy)(void* store);
  int (*setup)(void* store, const char* local_hostname, const char* metadata_server, uint64_t global_segment_size,
               uint64_t local_buffer_size, const char* protocol, const char* device_name, const char* master_server_addr);
  int (*put_from)(void* store, const char* key, void* buffer, size_t size, const MooncakeReplication* config);
  int64_t (*get_into)(void* store, const char* key, void* buffer, size_t size);
  int (*batch_is_exist)(void* store, const char** keys, size_t count, int* results);
  int64_t (*get_size)(void* store, const char* key);
  int (*remove)(void* store, const char* key, int force);
  int (*register_buffer)(void* store, void* buffer, size_t size);
  int (*unregister_buffer)(void* store, void* buffer);

  // Loads it. Returns why it cannot be used; the empty string when it can.
  std::string Load(const std::string& path);
};

}  // namespace kvnest
