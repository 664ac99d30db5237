"""The wheel's Python agent as a peer: owns bytes, or reads them. One line of JSON in, one out.

Commands: {"do": "own", "bytes": n}; {"do": "add", "metadata": base64}; {"do": "read", "peer": name, "address": n,
"blocks": [[local offset, remote offset, length], ...], "times": n}; {"do": "checksum", "offset": n, "length": n}
"""

import base64
import json
import os
import sys
import time
import zlib

import numpy

# The library and its plugins write to stdout; the answers keep it to themselves.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from nixl_cu12._api import nixl_agent, nixl_agent_config  # noqa: E402

agent = nixl_agent(sys.argv[1], nixl_agent_config(backends=["UCX"]))
memory = None


def address():
    return memory.__array_interface__["data"][0]


def own(command):
    global memory
    generator = numpy.random.default_rng(8)
    memory = generator.integers(0, 256, command["bytes"], dtype=numpy.uint8)
    agent.register_memory([(address(), memory.nbytes, 0, "")], "DRAM")
    return {"metadata": base64.b64encode(agent.get_agent_metadata()).decode(), "address": str(address())}


def add(command):
    return {"name": agent.add_remote_agent(base64.b64decode(command["metadata"])).decode()}


def read(command):
    blocks = command["blocks"]
    remote = int(command["address"])
    local_list = agent.get_xfer_descs([(address() + at, length, 0) for at, _, length in blocks], "DRAM")
    remote_list = agent.get_xfer_descs([(remote + at, length, 0) for _, at, length in blocks], "DRAM")
    seconds = []
    for _ in range(command.get("times", 1)):
        begin = time.perf_counter()
        handle = agent.initialize_xfer("READ", local_list, remote_list, command["peer"])
        state = agent.transfer(handle)
        while state == "PROC":
            state = agent.check_xfer_state(handle)
        seconds.append(time.perf_counter() - begin)
        agent.release_xfer_handle(handle)
        if state != "DONE":
            return {"state": state}
    return {"state": "DONE", "seconds": seconds}


def checksum(command):
    at, length = command["offset"], command["length"]
    return {"crc32": zlib.crc32(memory[at : at + length])}


commands = {"own": own, "add": add, "read": read, "checksum": checksum}
for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps(commands[command["do"]](command)), file=answers, flush=True)
