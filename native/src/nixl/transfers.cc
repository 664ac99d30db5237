#include "transfers.h"

#include <algorithm>
#include <utility>

#include "../crc32c.h"

namespace kvnest::nixl {
namespace {

constexpr size_t kHeaderBytes = 128;
// More at a time is no faster, and each costs a look at every turn.
constexpr size_t kPostedPerPeer = 16;

uint32_t ChecksumOf(const Descriptor* from, const Descriptor* to) {
  const auto& crc32c = Crc32cVariants().front();
  uint32_t checksum = 0;
  for (; from < to; from++) {
    checksum = Crc32c(crc32c, reinterpret_cast<const uint8_t*>(from->local), from->length, checksum);
  }
  return checksum;
}

}  // namespace

void Transfers::AddPeer(const std::string& name) {
  Peer& peer = peers_[name];
  if (peer.draining) draining_--;
  peer.draining = false;
}

void Transfers::DropPeer(const std::string& name, const std::string& reason) {
  const auto found = peers_.find(name);
  if (found == peers_.end() || found->second.draining) return;
  found->second.draining = true;
  draining_++;
  const auto waiting = std::exchange(found->second.waiting, {});
  waiting_ -= waiting.size();
  emit_({.kind = Event::kPeerGone, .text = name});
  for (const auto& order : waiting) EndOrder(order, Outcome::kGone, reason);
}

bool Transfers::ForgetDrained() {
  bool any = false;
  for (auto peer = peers_.begin(); draining_ > 0 && peer != peers_.end();) {
    if (!peer->second.draining || peer->second.posted > 0) {
      ++peer;
      continue;
    }
    session_->ForgetPeer(peer->first);
    peer = peers_.erase(peer);
    draining_--;
    any = true;
  }
  return any;
}

void Transfers::Add(ReadOrder order) {
  const auto peer = peers_.find(order.peer);
  if (peer == peers_.end() || peer->second.draining) return EndOrder(order, Outcome::kGone, "no such peer");
  peer->second.waiting.push_back(std::move(order));
  waiting_++;
}

void Transfers::Abandon(uint32_t id) {
  for (auto& transfer : posted_) {
    if (transfer.order.id != id || transfer.abandoned) continue;
    transfer.abandoned = true;
    abandoned_++;
    return;
  }
  for (auto& [name, peer] : peers_) {
    const auto order = std::find_if(peer.waiting.begin(), peer.waiting.end(), [id](auto& o) { return o.id == id; });
    if (order == peer.waiting.end()) continue;
    EndOrder(*order, Outcome::kAborted, "");
    peer.waiting.erase(order);
    waiting_--;
    return;
  }
}

bool Transfers::Advance() {
  bool moved = Poll();
  if (waiting_ == 0) return moved;
  for (auto& [name, peer] : peers_) moved |= PostWaiting(name, peer);
  return moved;
}

bool Transfers::PostWaiting(const std::string& name, Peer& peer) {
  bool moved = false;
  while (MayPost(peer)) {
    ReadOrder order = std::move(peer.waiting.front());
    peer.waiting.pop_front();
    waiting_--;
    Post(std::move(order), peer);
    moved = true;
  }
  return moved;
}

// What is posted cannot be taken back, what waits can.
bool Transfers::MayPost(const Peer& peer) const {
  if (peer.waiting.empty() || peer.posted >= kPostedPerPeer) return false;
  return peer.posted == 0 || peer.posted_bytes + peer.waiting.front().bytes() <= max_posted_bytes_;
}

void Transfers::Post(ReadOrder order, Peer& peer) {
  Transfer transfer{.order = std::move(order)};
  const size_t header_bytes = transfer.order.headers.size() * kHeaderBytes;
  transfer.headers = scratch_->Take(header_bytes);
  if (transfer.headers == nullptr) return EndOrder(transfer.order, Outcome::kBusy, "no room for the headers");
  std::vector<Descriptor> blocks = transfer.order.blocks;
  char* header = transfer.headers;
  for (const uint64_t remote : transfer.order.headers) {
    blocks.push_back({header, remote, kHeaderBytes, 0});
    header += kHeaderBytes;
  }
  peer.posted++;
  peer.posted_bytes += transfer.order.bytes();
  const Session::Result result = Begin(transfer, blocks);
  if (result.status == kInProgress) {
    posted_.push_back(std::move(transfer));
  } else {
    End(transfer, result);
  }
}

Session::Result Transfers::Begin(Transfer& transfer, const std::vector<Descriptor>& blocks) {
  const ReadOrder& order = transfer.order;
  Session::Result result;
  if (order.type == kFile) {
    const auto descriptor = static_cast<int>(order.blocks.front().device);
    if (order.operation == kWrite) result = Session::Reserve(descriptor, order.file_bytes);
    if (result.status != kSuccess) return result;
    result = session_->RegisterFile(order.blocks.front().device, order.file_bytes, &transfer.file);
    if (result.status != kSuccess) return result;
  }
  result = session_->CreateRequest(order.operation, order.peer, order.type, blocks, &transfer.request);
  return result.status == kSuccess ? session_->Post(transfer.request) : result;
}

void Transfers::Release(const Transfer& transfer) {
  if (transfer.request != nullptr) session_->Release(transfer.request);
  if (transfer.file != nullptr) session_->ForgetFile(transfer.file);
}

bool Transfers::Poll() {
  bool moved = false;
  for (auto transfer = posted_.begin(); transfer != posted_.end();) {
    const Session::Result result = session_->StatusOf(transfer->request);
    if (result.status == kInProgress) {
      ++transfer;
      continue;
    }
    if (transfer->abandoned) abandoned_--;
    End(*transfer, result);
    transfer = posted_.erase(transfer);
    moved = true;
  }
  return moved;
}

void Transfers::End(Transfer& transfer, const Session::Result& result) {
  const std::string name = transfer.order.peer;
  Release(transfer);
  peers_[name].posted--;
  peers_[name].posted_bytes -= transfer.order.bytes();
  if (result.status == kSuccess) {
    EmitDone(transfer);
  } else {
    // That is how a peer's death looks; nothing else tells of it. But a request that was not even made may have been
    // for memory that the peer never registered. A file that fails is no more than that.
    const bool is_file = transfer.order.type == kFile;
    const bool death = !is_file && result.status == kBackend && (transfer.request != nullptr || !session_->Knows(name));
    const bool gone = death || peers_[name].draining;
    if (gone) DropPeer(name, result.text());
    EndOrder(transfer.order, gone ? Outcome::kGone : Outcome::kFailed, result.text());
  }
  scratch_->GiveBack(transfer.headers, transfer.order.headers.size() * kHeaderBytes);
}

void Transfers::EmitDone(const Transfer& transfer) {
  const ReadOrder& order = transfer.order;
  Event event{.kind = Event::kReadEnded, .id = order.id, .outcome = Outcome::kDone};
  if (!transfer.abandoned) {
    const size_t header_bytes = order.headers.size() * kHeaderBytes;
    event.bytes.assign(transfer.headers, transfer.headers + header_bytes);
    uint32_t from = 0;
    for (const uint32_t to : order.groups) {
      event.checksums.push_back(ChecksumOf(order.blocks.data() + from, order.blocks.data() + to));
      from = to;
    }
  }
  emit_(std::move(event));
}

void Transfers::EndOrder(const ReadOrder& order, Outcome outcome, std::string reason) {
  emit_({.kind = Event::kReadEnded, .id = order.id, .outcome = outcome, .text = std::move(reason)});
}

void Transfers::AbortWaiting() {
  for (auto& [name, peer] : peers_) {
    for (const auto& order : std::exchange(peer.waiting, {})) EndOrder(order, Outcome::kAborted, "");
  }
  waiting_ = 0;
}

bool Transfers::ReleaseAll() {
  for (const auto& transfer : posted_) Release(transfer);
  const bool any = !posted_.empty();
  posted_.clear();
  for (const auto& [name, peer] : peers_) session_->ForgetPeer(name);
  peers_.clear();
  return any;
}

}  // namespace kvnest::nixl
