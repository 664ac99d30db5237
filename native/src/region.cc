#include "region.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace kvnest {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;
// How much is faulted in between two looks at the cancel flag: some 20 ms.
constexpr size_t kStep = size_t{32} << 20;

// Files to remove when the process exits without releasing their regions: process.exit runs no cleanup hook of Node.
class NamesAtExit {
 public:
  ~NamesAtExit() { RemoveFiles(); }
  void RemoveFiles() {
    for (const auto& path : paths_) unlink(path.c_str());
  }
  void Add(const std::string& path) {
    const std::lock_guard lock(mutex_);
    paths_.insert(path);
  }
  void Remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    paths_.erase(path);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> paths_;
};

NamesAtExit names_at_exit;

// Memory that must not be unmapped, as often as it was asked for.
class KeptMappings {
 public:
  void Add(const void* data) {
    const std::lock_guard lock(mutex_);
    kept_.insert(data);
  }
  void Remove(const void* data) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(data);
    if (found != kept_.end()) kept_.erase(found);
  }
  bool Has(const void* data) {
    const std::lock_guard lock(mutex_);
    return kept_.contains(data);
  }

 private:
  std::mutex mutex_;
  std::multiset<const void*> kept_;
};

// Never destroyed: regions outlive the destructors of others.
KeptMappings& kept_mappings = *new KeptMappings;

// The memory of regions that are open, by its end.
class OpenMappings {
 public:
  // Unmapped with the last reference.
  std::shared_ptr<const void> Add(const void* data, size_t bytes) {
    std::shared_ptr<const void> mapping(data, [bytes](const void* begin) {
      if (!kept_mappings.Has(begin)) munmap(const_cast<void*>(begin), bytes);
    });
    const std::lock_guard lock(mutex_);
    open_[static_cast<const char*>(data) + bytes] = mapping;
    return mapping;
  }
  void Remove(const void* data, size_t bytes) {
    const std::lock_guard lock(mutex_);
    open_.erase(static_cast<const char*>(data) + bytes);
  }
  std::shared_ptr<const void> Find(const void* bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.upper_bound(static_cast<const char*>(bytes));
    const auto mapping = found == open_.end() ? nullptr : found->second.lock();
    return mapping != nullptr && mapping.get() <= bytes ? mapping : nullptr;
  }

 private:
  std::mutex mutex_;
  std::map<const char*, std::weak_ptr<const void>> open_;
};

OpenMappings& open_mappings = *new OpenMappings;

// Writes every page without changing it, so that a thread may do it beside writers.
void Touch(char* from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += kPage) __atomic_fetch_or(from + at, 0, __ATOMIC_RELAXED);
}

bool Populate(char* from, size_t bytes) {
  if (madvise(from, bytes, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;
  Touch(from, bytes);  // A kernel before 5.14.
  return true;
}

}  // namespace

std::shared_ptr<Region> Region::Open(int fd, std::string path, size_t bytes, size_t sync_bytes, RegionError* error) {
  if (!path.empty()) names_at_exit.Add(path);
  std::shared_ptr<Region> region(new Region(fd, std::move(path), bytes));
  const size_t sync = std::min(bytes, sync_bytes);
  if (!region->Map(error) || !region->FaultIn(sync, error)) return nullptr;
  if (sync < bytes) {
    // Signals are the main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    region->faulter_ = std::thread([self = region.get()] {
      RegionError ignored;  // What could not be faulted in is faulted in by its first use.
      self->FaultIn(self->bytes_, &ignored);
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  return region;
}

bool Region::Map(RegionError* error) {
  data_ = fd_ < 0 ? MapOwn(error) : MapFile(error);
  // Half the time of a copy by the kernel, e.g. of a reader in another process; where huge pages are off, nothing.
  if (data_ == nullptr) return false;
  mapping_ = open_mappings.Add(data_, bytes_);
  madvise(data_, bytes_, MADV_HUGEPAGE);
  return true;
}

void* Region::MapFile(RegionError* error) {
  int reserved;
  do reserved = posix_fallocate(fd_, 0, static_cast<off_t>(bytes_));
  while (reserved == EINTR);
  if (reserved != 0) {
    *error = {"fallocate", reserved};
    return nullptr;
  }
  void* const data = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (data != MAP_FAILED) return data;
  *error = {"mmap", errno};
  return nullptr;
}

void* Region::MapOwn(RegionError* error) {
  const size_t room = bytes_ + kHugePage;
  void* const data = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    *error = {"mmap", errno};
    return nullptr;
  }
  char* const begin = static_cast<char*>(data);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(data) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes_, kHugePage - before);
  // A child of fork would make every page that is written meanwhile be copied.
  madvise(begin + before, bytes_, MADV_DONTFORK);
  return begin + before;
}

bool Region::FaultIn(size_t until, RegionError* error) {
  for (size_t at = faulted_bytes_; at < until && !cancelled_;) {
    const size_t bytes = std::min(kStep, until - at);
    if (!Populate(static_cast<char*>(data_) + at, bytes)) {
      *error = {"madvise", errno};
      return false;
    }
    at += bytes;
    faulted_bytes_ = at;
  }
  return true;
}

void Region::Release() {
  cancelled_ = true;
  if (faulter_.joinable()) faulter_.join();
  if (data_ != nullptr) open_mappings.Remove(data_, bytes_);
  mapping_ = nullptr;
  data_ = nullptr;
  if (!path_.empty()) {
    unlink(path_.c_str());
    names_at_exit.Remove(path_);
    path_.clear();
  }
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

std::shared_ptr<const void> Region::Hold(const void* bytes) { return open_mappings.Find(bytes); }
void Region::KeepMapped(const void* data) { kept_mappings.Add(data); }
void Region::MayUnmap(const void* data) { kept_mappings.Remove(data); }
void Region::RemoveFiles() { names_at_exit.RemoveFiles(); }

}  // namespace kvnest
