#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "library.h"

namespace kvnest::nixl {

struct Memory {
  char* data;
  size_t bytes;
};

// One run of bytes: `local` of this process, `remote` of the peer's.
struct Descriptor {
  char* local;
  uint64_t remote;
  uint64_t length;
  uint64_t device;
};

// Which call of the library runs now, for those who wonder why it does not return.
struct RunningCall {
  std::atomic<const char*> name{nullptr};
  std::atomic<int64_t> since_ms{0};
};

// One agent of the library with its UCX backend and registered memory. All calls come from one thread.
class Session {
 public:
  explicit Session(RunningCall* running) : running_(running) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Empty, or why there is no agent; whatever was made is destroyed again.
  std::string Open(const Library& library, const std::string& name, const std::vector<Memory>& memory);
  void Close();

  const std::vector<uint8_t>& metadata() const { return metadata_; }

  // What failed, if something did.
  struct Result {
    int status = kSuccess;
    const char* call = "";
    std::string text() const { return std::string(call) + ": " + StatusName(status); }
  };

  Result LoadPeer(const std::vector<uint8_t>& metadata, std::string* name);
  void ForgetPeer(const std::string& name);
  // Whether its metadata are there. A dead peer's may be.
  bool Knows(const std::string& name);

  // kSuccess and a request, not yet posted.
  Result CreateRead(const std::string& peer, MemoryType type, const std::vector<Descriptor>& blocks, Request* request);
  Result Post(Request request);
  Result StatusOf(Request request);
  // A request that is on its way goes on writing: only at the end of all things.
  void Release(Request request);

 private:
  template <typename Function, typename... Arguments>
  int Call(const char* name, Function function, Arguments... arguments);

  Result CreateAgent(const std::string& name);
  Result CreateBackend();
  Result Register(const std::vector<Memory>& memory);
  Result ReadMetadata();
  Result FillLists(const std::vector<Descriptor>& blocks, TransferList local, TransferList remote);

  RunningCall* running_;
  Capi capi_;
  Agent agent_ = nullptr;
  Backend backend_ = nullptr;
  Options options_ = nullptr;
  Registration registration_ = nullptr;
  bool registered_ = false;
  std::vector<uint8_t> metadata_;
};

}  // namespace kvnest::nixl
