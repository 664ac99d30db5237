"""The wheel's Python agent as a peer: owns bytes, or reads them. One line of JSON in, one out.

Commands: {"do": "own", "bytes": n}; {"do": "own_vram", "bytes": n}; {"do": "add", "metadata": base64}; {"do": "read", "peer": name, "address": n,
"blocks": [[local offset, remote offset, length], ...], "times": n, "stride": n, "places": n}; {"do": "checksum", "offset": n, "length": n}
"""

import base64
import json
import mmap
import os
import sys
import time
import zlib

import numpy

# The library and its plugins write to stdout; the answers keep it to themselves.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from cuda_memory import CudaMemory  # noqa: E402
from nixl_cu12._api import nixl_agent, nixl_agent_config  # noqa: E402

HUGE_PAGE = 2 << 20

agent = nixl_agent(sys.argv[1], nixl_agent_config(backends=["UCX"]))
memory = None


def address():
    return memory.__array_interface__["data"][0]


def own(command):
    global memory
    generator = numpy.random.default_rng(8)
    # Private and in huge pages, as the arena.
    room = mmap.mmap(-1, command["bytes"] + HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_HUGEPAGE)
    memory = numpy.frombuffer(room, dtype=numpy.uint8)
    begin = -address() % HUGE_PAGE
    memory = memory[begin : begin + command["bytes"]]
    memory[:] = generator.integers(0, 256, command["bytes"], dtype=numpy.uint8)
    agent.register_memory([(address(), memory.nbytes, 0, "")], "DRAM")
    return {"metadata": base64.b64encode(agent.get_agent_metadata()).decode(), "address": str(address())}


def own_vram(command):
    global memory
    memory = CudaMemory(command["bytes"])
    memory.write(numpy.random.default_rng(8).integers(0, 256, command["bytes"], dtype=numpy.uint8))
    agent.register_memory([(memory.address, memory.length, 0, "")], "VRAM")
    return {"metadata": base64.b64encode(agent.get_agent_metadata()).decode(), "address": str(memory.address)}


def add(command):
    return {"name": agent.add_remote_agent(base64.b64decode(command["metadata"])).decode()}


def descriptors(command, shift):
    """Both lists of a read whose blocks all lie `shift` bytes further on."""
    blocks = command["blocks"]
    remote = int(command["address"]) + shift
    local = address() + shift
    return (
        agent.get_xfer_descs([(local + at, length, 0) for at, _, length in blocks], "DRAM"),
        agent.get_xfer_descs([(remote + at, length, 0) for _, at, length in blocks], "DRAM"),
    )


def read(command):
    """`times` reads, one after the other, each `stride` bytes behind the last, at `places` places in turn."""
    places = [descriptors(command, i * command.get("stride", 0)) for i in range(command.get("places", 1))]
    seconds = []
    cpu_begin = time.process_time()
    for i in range(command.get("times", 1)):
        local, remote = places[i % len(places)]
        begin = time.perf_counter()
        handle = agent.initialize_xfer("READ", local, remote, command["peer"])
        state = agent.transfer(handle)
        while state == "PROC":
            state = agent.check_xfer_state(handle)
        seconds.append(time.perf_counter() - begin)
        agent.release_xfer_handle(handle)
        if state != "DONE":
            return {"state": state}
    return {"state": "DONE", "seconds": seconds, "cpuSeconds": time.process_time() - cpu_begin}


def checksum(command):
    at, length = command["offset"], command["length"]
    data = memory.read(at, length) if isinstance(memory, CudaMemory) else memory[at : at + length]
    return {"crc32": zlib.crc32(data)}


commands = {"own": own, "own_vram": own_vram, "add": add, "read": read, "checksum": checksum}
for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps(commands[command["do"]](command)), file=answers, flush=True)
