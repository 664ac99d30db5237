#pragma once

#include <functional>
#include <list>
#include <string>
#include <unordered_map>

#include "scratch.h"
#include "session.h"
#include "transfer.h"

namespace kvnest::nixl {

// The peers of an agent and the READs from them: queued -> posted -> ended, with or without somebody who waits.
// Everything runs on the agent's thread.
class Transfers {
 public:
  using Emit = std::function<void(Event)>;

  // Of one peer no more than `max_posted_bytes` are posted at a time, or one READ that is larger.
  Transfers(Session* session, Scratch* scratch, size_t max_posted_bytes, Emit emit)
      : session_(session), scratch_(scratch), max_posted_bytes_(max_posted_bytes), emit_(std::move(emit)) {}

  void AddPeer(const std::string& name);
  // Ends what waits for it as `gone`.
  void DropPeer(const std::string& name, const std::string& reason);
  // Forgets the dropped peers that nothing is read from any more. Whether there was one.
  bool ForgetDrained();
  bool draining() const { return draining_ > 0; }

  void Add(ReadOrder order);
  void Abandon(uint32_t id);
  // Posts what may be posted and looks at what was. Whether anything moved.
  bool Advance();
  // Ends what waits as `aborted`.
  void AbortWaiting();
  // Lets go of what the library is not done with. Whether there was any: then its memory must not be used again.
  bool ReleaseAll();

  bool idle() const { return posted_.empty() && waiting_ == 0; }
  bool only_abandoned() const { return waiting_ == 0 && abandoned_ == posted_.size(); }
  bool any_posted() const { return !posted_.empty(); }

 private:
  bool PostWaiting(const std::string& name, Peer& peer);
  bool MayPost(const Peer& peer) const;
  void Post(ReadOrder order, Peer& peer);
  Session::Result Begin(Transfer& transfer, const std::vector<Descriptor>& blocks);
  void Release(const Transfer& transfer);
  bool Poll();
  void End(Transfer& transfer, const Session::Result& result);
  void EndOrder(const ReadOrder& order, Outcome outcome, std::string reason);
  void EmitDone(const Transfer& transfer);

  Session* session_;
  Scratch* scratch_;
  const size_t max_posted_bytes_;
  Emit emit_;
  std::unordered_map<std::string, Peer> peers_;
  std::list<Transfer> posted_;
  size_t waiting_ = 0;
  size_t abandoned_ = 0;
  size_t draining_ = 0;
};

}  // namespace kvnest::nixl
