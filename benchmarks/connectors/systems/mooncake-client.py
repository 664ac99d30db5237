"""Mooncake's own client, zero copy."""

import ctypes
import sys

from mooncake.store import MooncakeDistributedStore
from serve import serve

master, total = sys.argv[1], int(sys.argv[2])
store = MooncakeDistributedStore()
assert store.setup("127.0.0.1", "P2PHANDSHAKE", 0, 64 << 20, "tcp", "", master) == 0
memory = ctypes.create_string_buffer(total)
address = ctypes.addressof(memory)
assert store.register_buffer(address, total) == 0


def fill(length, value):
    ctypes.memset(memory, value, length)


def codes(what, names, size):
    pointers, sizes = [address + i * size for i in range(len(names))], [size] * len(names)
    if what == "put":
        return [store.put_from(n, p, size) for n, p in zip(names, pointers)]
    if what == "get":
        return [store.get_into(n, p, size) - size for n, p in zip(names, pointers)]
    if what == "put-batch":
        return store.batch_put_from(names, pointers, sizes)
    if what == "get-batch":
        return [got - size for got in store.batch_get_into(names, pointers, sizes)]
    if what == "exists":
        return [found - 1 for found in store.batch_is_exist(names)]
    return [store.remove(n, True) for n in names]


def run(what, names, size):
    answers = codes(what, names, size)
    assert not any(answers), (what, answers)


serve(run, fill)
