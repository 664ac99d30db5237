#include "file_reads.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "crc32c.h"

namespace kvnest {
namespace {

// Direct I/O goes on from whole pages only.
constexpr size_t kPageBytes = 4096;
// The file ended; no errno is that large.
constexpr int64_t kShort = -65536;

// 0, -errno or kShort.
int64_t Fill(int fd, off_t position, std::vector<iovec> rest) {
  size_t left = 0;
  for (const auto& part : rest) left += part.iov_len;
  const bool in_pages = left % kPageBytes == 0;
  size_t first = 0;
  while (left > 0) {
    const int parts = static_cast<int>(std::min<size_t>(rest.size() - first, IOV_MAX));
    const ssize_t moved = preadv(fd, &rest[first], parts, position);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) return -errno;
    position += moved;
    left -= moved;
    if (left > 0 && (moved == 0 || (in_pages && moved % kPageBytes != 0))) return kShort;
    size_t skip = moved;
    for (; first < rest.size() && skip >= rest[first].iov_len; first++) skip -= rest[first].iov_len;
    if (skip == 0) continue;
    rest[first].iov_base = static_cast<char*>(rest[first].iov_base) + skip;
    rest[first].iov_len -= skip;
  }
  return 0;
}

int64_t Checksum(const std::vector<iovec>& parts, size_t bytes) {
  uint32_t checksum = 0;
  for (const auto& part : parts) {
    const size_t checked = std::min(bytes, part.iov_len);
    checksum = Crc32c(Crc32cVariants().front(), static_cast<const uint8_t*>(part.iov_base), checked, checksum);
    bytes -= checked;
  }
  return checksum;
}

}  // namespace

Napi::Function FileReads::Class(Napi::Env env) {
  return DefineClass(env, "NativeFileReads", {InstanceMethod<&FileReads::Read>("read")});
}

FileReads::FileReads(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<FileReads>(info),
      calls_(info.Env(), "kvnest file reads", info[0].As<Napi::Number>().Uint32Value()) {}

Napi::Value FileReads::Read(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  const off_t position = info[1].As<Napi::Number>().Int64Value();
  const auto buffers = info[2].As<Napi::Array>();
  const size_t checked_bytes = info[3].As<Napi::Number>().Int64Value();
  std::vector<iovec> parts;
  for (uint32_t i = 0; i < buffers.Length(); i++) {
    auto buffer = buffers.Get(i).As<Napi::Uint8Array>();
    parts.push_back(iovec{buffer.Data(), buffer.ByteLength()});
  }
  return calls_.Run(info, [fd, position, parts = std::move(parts), checked_bytes]() -> ThreadCalls::Answer {
    const int64_t problem = Fill(fd, position, parts);
    const int64_t answer = problem == 0 ? Checksum(parts, checked_bytes) : problem;
    return [answer](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(answer)); };
  });
}

}  // namespace kvnest
