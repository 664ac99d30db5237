"""Reads values of a kvnest server with the example's NixlReader, into memory of this process or of a GPU.

Arguments: folder of the example, port, memory (DRAM, VRAM), length of each value, keys. Prints for each key the CRC-32 of what
arrived, null where it was not there.
"""

import json
import os
import sys
import zlib

import numpy

sys.dont_write_bytecode = True
folder, port, memory, length, *keys = sys.argv[1:]
length = int(length)
sys.path.insert(0, folder)

# The library and its plugins write to stdout; the answer keeps it to itself.
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from kvnest_client import KvnestClient  # noqa: E402
from kvnest_nixl import NixlReader  # noqa: E402

from cuda_memory import CudaMemory  # noqa: E402

client = KvnestClient("127.0.0.1", int(port))
reader = NixlReader(client)
if memory == "VRAM":
    place = CudaMemory(len(keys) * length)
    place.write(numpy.zeros(place.length, dtype=numpy.uint8))
    address, read = place.address, place.read
else:
    place = numpy.zeros(len(keys) * length, dtype=numpy.uint8)
    address, read = place.ctypes.data, lambda offset, count: place[offset : offset + count]
reader.register(address, len(keys) * length, memory)
there = reader.read(keys, [(address + i * length, length) for i in range(len(keys))], memory)
print(json.dumps([zlib.crc32(read(i * length, length)) if found else None for i, found in enumerate(there)]), file=answer)
client.close()
