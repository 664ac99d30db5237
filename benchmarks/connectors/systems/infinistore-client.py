"""InfiniStore's own client over TCP."""

import sys

import infinistore
import numpy
from serve import serve

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


def fill(length, value):
    source[:length] = value


def run(what, names, size):
    if what in ("put", "put-batch"):
        for i, name in enumerate(names):
            connection.tcp_write_cache(name, address + i * size, size)
    elif what == "get":
        for name in names:
            assert len(connection.tcp_read_cache(name)) == size
    elif what == "get-batch":
        # All are there at the end, as they are with the connector.
        values = [connection.tcp_read_cache(name) for name in names]
        assert all(len(value) == size for value in values)
    elif what == "exists":
        assert all(connection.check_exist(name) for name in names)
    else:
        connection.delete_keys(names)


serve(run, fill)
