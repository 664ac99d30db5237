"""Mooncake's own client, zero copy, told by lines of JSON what to time; answers with seconds."""

import ctypes
import json
import sys
import time

from mooncake.store import MooncakeDistributedStore

master, total = sys.argv[1], int(sys.argv[2])
store = MooncakeDistributedStore()
assert store.setup("127.0.0.1", "P2PHANDSHAKE", 0, 64 << 20, "tcp", "", master) == 0
memory = ctypes.create_string_buffer(total)
ctypes.memset(memory, 1, total)
address = ctypes.addressof(memory)
assert store.register_buffer(address, total) == 0


def places(names, size):
    return [address + i * size for i in range(len(names))], [size] * len(names)


def run(what, names, size):
    pointers, sizes = places(names, size)
    if what == "put":
        return [store.put_from(n, p, size) for n, p in zip(names, pointers)]
    if what == "get":
        return [store.get_into(n, p, size) - size for n, p in zip(names, pointers)]
    if what == "put-batch":
        return store.batch_put_from(names, pointers, sizes)
    if what == "get-batch":
        return [got - size for got in store.batch_get_into(names, pointers, sizes)]
    return [found - 1 for found in store.batch_is_exist(names)]


print("ready", flush=True)
for line in sys.stdin:
    what, names, size = json.loads(line)
    started = time.perf_counter()
    codes = run(what, names, size)
    seconds = time.perf_counter() - started
    assert not any(codes), (what, codes)
    print(json.dumps(seconds), flush=True)
