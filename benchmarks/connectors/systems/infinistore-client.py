"""InfiniStore's own client over TCP, told by lines of JSON what to time; answers with seconds."""

import json
import sys
import time

import infinistore
import numpy

connection = infinistore.InfinityConnection(
    infinistore.ClientConfig(
        host_addr="127.0.0.1",
        service_port=int(sys.argv[1]),
        connection_type=infinistore.TYPE_TCP,
        log_level="error",
    )
)
connection.connect()
source = numpy.ones(int(sys.argv[2]), dtype=numpy.uint8)
address = source.ctypes.data


def run(what, names, size):
    if what in ("put", "put-batch"):
        for i, name in enumerate(names):
            connection.tcp_write_cache(name, address + i * size, size)
    elif what in ("get", "get-batch"):
        for name in names:
            assert len(connection.tcp_read_cache(name)) == size
    elif what == "exists":
        assert all(connection.check_exist(name) for name in names)
    else:
        connection.delete_keys(names)


print("ready", flush=True)
for line in sys.stdin:
    what, names, size = json.loads(line)
    # Like the connector's chunks: written just now, and no longer in the cache of the processor.
    if what in ("put", "put-batch"):
        source[: len(names) * size] = len(names[0]) % 7
    started = time.perf_counter()
    run(what, names, size)
    print(json.dumps(time.perf_counter() - started), flush=True)
