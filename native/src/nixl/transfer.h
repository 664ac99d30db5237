#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "session.h"

namespace kvnest::nixl {

enum class Outcome : int { kDone = 0, kGone = 1, kFailed = 2, kBusy = 3, kAborted = 4 };

// A READ as it was asked for, with pointers into the own memory; or a READ or WRITE of one file (kFile).
struct ReadOrder {
  uint32_t id = 0;
  Operation operation = kRead;
  std::string peer;
  MemoryType type = kDram;
  std::vector<Descriptor> blocks;
  // Addresses at the peer.
  std::vector<uint64_t> headers;
  // Where the blocks of each chunk end.
  std::vector<uint32_t> groups;
  uint64_t file_bytes = 0;

  size_t bytes() const {
    size_t sum = 0;
    for (const auto& block : blocks) sum += block.length;
    return sum;
  }
};

// A READ that was posted, until the library says that it has ended. `abandoned`: nobody waits for it any more.
struct Transfer {
  ReadOrder order;
  Request request = nullptr;
  char* headers = nullptr;
  Registration file = nullptr;
  bool abandoned = false;
};

// An agent whose metadata are loaded. `draining`: it takes no more READs and is forgotten when the last has ended,
// because forgetting it would not stop them, and would hide what becomes of them.
struct Peer {
  bool draining = false;
  size_t posted = 0;
  size_t posted_bytes = 0;
  std::deque<ReadOrder> waiting;
};

// What the agent's thread tells JavaScript. Each id gets exactly one event.
struct Event {
  enum Kind : int {
    kStarted = 0,
    kNotStarted = 1,
    kPeerAdded = 2,
    kPeerRefused = 3,
    kPeerGone = 4,
    kReadEnded = 5,
    kClosed = 6,
  };
  Kind kind;
  uint32_t id = 0;
  Outcome outcome = Outcome::kDone;
  std::string text{};
  std::vector<uint8_t> bytes{};
  std::vector<uint32_t> checksums{};
};

// What JavaScript tells the agent's thread.
struct Command {
  enum Kind { kAddPeer, kRemovePeer, kRead, kAbandon, kClose };
  Kind kind;
  uint32_t id = 0;
  std::string peer{};
  std::vector<uint8_t> metadata{};
  ReadOrder read{};
};

}  // namespace kvnest::nixl
