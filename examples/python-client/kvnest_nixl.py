"""Reads values straight from the memory of a kvnest server, into memory of this process or of its GPU.

Made from "Requests of peers" of docs/tcp-protocol.md. It needs NIXL's Python package and numpy:
pip install --no-deps nixl-cu12==1.5.1 && pip install numpy
"""

import base64
import os
import struct
import time
import uuid

UCX = {
    # As the server has them: UCX drops a connection whose segments are larger than its own.
    "UCX_TCP_TX_SEG_SIZE": "512k",
    "UCX_TCP_RX_SEG_SIZE": "512k",
    # Where ibverbs-providers is installed, EFA's module brings a second libibverbs, and the process crashes at its exit.
    "UCX_MODULES": "^efa",
    # Else UCX takes memory of a GPU for that of the host where the CUDA runtime that its hooks want is not found.
    "UCX_MEMTYPE_CACHE": "n",
}
for _name, _value in UCX.items():
    os.environ.setdefault(_name, _value)

import numpy  # noqa: E402

try:
    from nixl_cu13._api import nixl_agent, nixl_agent_config
except ImportError:
    from nixl_cu12._api import nixl_agent, nixl_agent_config

ANSWER = struct.Struct("<8sII")  # lease, milliseconds, count
ENTRY = struct.Struct("<BBH")  # outcome, loss, length of the metadata
CHUNK = struct.Struct("<IQQIII16sI")  # checksum, length, expiry, place, slot, generation, digest, parts
PART = struct.Struct("<QQ")  # offset, length
RECORD = struct.Struct("=II8x16s4xI32xd")  # generation, state, digest, checksum, length; numbers as the server has them
WHOLE = (2, 3)
AT_ONCE = 4096  # keys
LEASE_MS = 10_000
MARGIN_SECONDS = 1.0


class NixlReader:
    """Reads from the server that `client` speaks to. Of one thread."""

    def __init__(self, client):
        self._client = client
        hello = next(client.call("peer.hello", {"version": 1}))
        if hello["nixl"] is None:
            raise RuntimeError(f"the server's memory cannot be read over NIXL: {hello['nixl_reason']}")
        self._arena = hello["nixl"]["arena"]
        self._address = int(self._arena["address"])
        self._agent = nixl_agent(str(uuid.uuid4()), nixl_agent_config(backends=["UCX"]))
        self._peer = self._agent.add_remote_agent(base64.b64decode(hello["nixl"]["metadata"])).decode()
        self._records = numpy.zeros((AT_ONCE, self._arena["record_bytes"]), dtype=numpy.uint8)
        self.register(self._records.ctypes.data, self._records.nbytes)

    def register(self, address, length, memory="DRAM", device=0):
        """Memory that values are read into: `DRAM`, or `VRAM` of the GPU `device`. It is to live as long as this reader."""
        self._agent.register_memory([(address, length, device, "")], memory)

    def read(self, keys, places, memory="DRAM", device=0):
        """
        Reads each value into its place, `(address, length)` in memory that was registered. Returns for each whether it
        was there, and as long. The bytes are whole, as a lease holds them meanwhile; their CRC-32C is not computed.
        """
        there = []
        for at in range(0, len(keys), AT_ONCE):
            there += self._read(keys[at : at + AT_ONCE], places[at : at + AT_ONCE], memory, device)
        return there

    def _read(self, keys, places, memory, device):
        asked = time.monotonic()
        lease, lease_ms, chunks = read_answer(self._client.locate(keys, LEASE_MS))
        wanted = [chunk and chunk.length == length for chunk, (_, length) in zip(chunks, places)]
        pairs = [pair for pair, is_wanted in zip(zip(chunks, places), wanted) if is_wanted]
        try:
            if pairs:
                deadline = asked + lease_ms / 1000 - MARGIN_SECONDS
                self._read_values(pairs, memory, device, deadline)
                whole = iter(self._are_whole([chunk for chunk, _ in pairs], deadline))
                wanted = [is_wanted and next(whole) for is_wanted in wanted]
        finally:
            if any(lease):
                self._client.release([lease])
        return [bool(is_there) for is_there in wanted]

    def _read_values(self, pairs, memory, device, deadline):
        local, remote = [], []
        for chunk, (address, _) in pairs:
            for offset, length in chunk.parts:
                local.append((address, length, device))
                remote.append((self._address + offset, length, 0))
                address += length
        self._transfer(local, memory, remote, deadline)

    def _are_whole(self, chunks, deadline):
        """What lay in a record's place when it was read is compared with what the server told of the chunk."""
        size = self._records.shape[1]
        first, begin = self._records.ctypes.data, self._address + self._arena["records_offset"]
        local = [(first + index * size, size, 0) for index in range(len(chunks))]
        remote = [(begin + chunk.slot * size, size, 0) for chunk in chunks]
        self._transfer(local, "DRAM", remote, deadline)
        return [chunk.is_of(RECORD.unpack_from(record)) for chunk, record in zip(chunks, self._records)]

    def _transfer(self, local, memory, remote, deadline):
        """NIXL cannot cancel: after a time-out the bytes may still arrive, so whoever goes on needs other memory."""
        agent = self._agent
        lists = agent.get_xfer_descs(local, memory), agent.get_xfer_descs(remote, "DRAM")
        handle = agent.initialize_xfer("READ", *lists, self._peer)
        state = agent.transfer(handle)
        while state == "PROC":
            if time.monotonic() > deadline:
                raise TimeoutError("the read took longer than the server's lease")
            state = agent.check_xfer_state(handle)
        agent.release_xfer_handle(handle)
        if state != "DONE":
            raise ConnectionError(f"the read failed: {state}")


class Located:
    """Where a value lies: `parts` of offset and length in the server's arena, and its record there."""

    def __init__(self, fields, parts):
        self.checksum, self.length, _, _, self.slot, self.generation, self.digest, _ = fields
        self.parts = parts

    def is_of(self, record):
        generation, state, *told = record
        return generation == self.generation and state in WHOLE and told == [self.digest, self.checksum, self.length]


def read_answer(header):
    """Returns the lease, its milliseconds and for each key where it lies, None where it does not or cannot be held."""
    lease, milliseconds, count = ANSWER.unpack_from(header)
    at, chunks = ANSWER.size, []
    for _ in range(count):
        outcome, _, metadata = ENTRY.unpack_from(header, at)
        at += ENTRY.size
        if outcome != 1:
            chunks.append(None)
            continue
        fields = CHUNK.unpack_from(header, at)
        at += CHUNK.size
        end = at + fields[-1] * PART.size
        chunks.append(Located(fields, list(PART.iter_unpack(header[at:end]))))
        at = end + metadata
    return lease, milliseconds, chunks
