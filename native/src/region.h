#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace kvnest {

// Why a region could not be made: the failed system call and its errno.
struct RegionError {
  const char* call = nullptr;
  int code = 0;
};

// A piece of memory, faulted in before use, in huge pages where the system has them for such memory.
class Region {
 public:
  // Over the file `fd`, which the region then owns, reserved in full; -1 = memory of this process alone. Nothing is left
  // behind on an error.
  // The first `sync_bytes` are faulted in before this returns, the rest on a thread. A file with a `path` is removed
  // when the region is released or the process exits.
  static std::shared_ptr<Region> Open(int fd, std::string path, size_t bytes, size_t sync_bytes, RegionError* error);

  ~Region() { Release(); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  size_t faulted_bytes() const { return faulted_bytes_.load(std::memory_order_relaxed); }

  // Unmaps, unless it is to stay mapped or somebody holds it: then the last of them does. Idempotent.
  void Release();

  // The region that these bytes lie in stays mapped for as long as what this returns lives; nothing, for other memory.
  static std::shared_ptr<const void> Hold(const void* bytes);

  // Others write to this memory, e.g. a network card: released or not, it stays mapped until the opposite is said.
  static void KeepMapped(const void* data);
  static void MayUnmap(const void* data);

  // Removes the files of all regions: for an exit that runs no destructors.
  static void RemoveFiles();

 private:
  Region(int fd, std::string path, size_t bytes) : fd_(fd), path_(std::move(path)), bytes_(bytes) {}

  bool Map(RegionError* error);
  void* MapFile(RegionError* error);
  void* MapOwn(RegionError* error);
  bool FaultIn(size_t until, RegionError* error);

  int fd_;
  std::string path_;
  size_t bytes_;
  void* data_ = nullptr;
  std::shared_ptr<const void> mapping_;
  std::atomic<size_t> faulted_bytes_{0};
  std::atomic<bool> cancelled_{false};
  std::thread faulter_;
};

}  // namespace kvnest
