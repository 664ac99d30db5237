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

// What carries the bytes. UCX reaches peers; others reach storage and know no peers.
struct Plugin {
  std::string name = "UCX";

  bool reaches_peers() const { return name == "UCX"; }
};

// One run of bytes: `local` of this process, `remote` of the peer's, or of the file that `device` is the descriptor of.
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

// One agent of the library with its backend and registered memory. All calls come from one thread.
class Session {
 public:
  explicit Session(RunningCall* running) : running_(running) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Empty, or why there is no agent; whatever was made is destroyed again.
  std::string Open(const Library& library, const std::string& name, const std::vector<Memory>& memory, Plugin plugin);
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

  // Room for the first `bytes` of a file, where the file system can promise it.
  static Result Reserve(int descriptor, uint64_t bytes);
  // Makes a file known until it is forgotten: what transfers name must lie in its first `bytes`.
  Result RegisterFile(uint64_t descriptor, uint64_t bytes, Registration* file);
  void ForgetFile(Registration file);

  // kSuccess and a request, not yet posted.
  Result CreateRequest(Operation operation, const std::string& peer, MemoryType type,
                       const std::vector<Descriptor>& blocks, Request* request);
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
  Plugin plugin_;
  Capi capi_;
  Agent agent_ = nullptr;
  Backend backend_ = nullptr;
  Options options_ = nullptr;
  Registration registration_ = nullptr;
  bool registered_ = false;
  std::vector<uint8_t> metadata_;
};

}  // namespace kvnest::nixl
