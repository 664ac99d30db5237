"""How the bytes of chunks come from the server into a buffer of this process, or of its GPU."""

from concurrent.futures import ThreadPoolExecutor

import torch
from kvnest_client import KvnestClient

WORKERS = 4


class Transport:
    """Several workers fill parts of one buffer at a time, each in a thread of its own."""

    def __init__(self, buffer, workers):
        self.buffer, self._workers = buffer, workers
        self._threads = ThreadPoolExecutor(len(workers))

    def read(self, keys, at, length):
        """Reads values of this length one behind the other from `at` in the buffer on. Returns which were there."""
        places = range(at, at + len(keys) * length, length)
        there = [False] * len(keys)

        def share(number):
            mine = slice(number, None, len(self._workers))
            there[mine] = self._workers[number].read(keys[mine], places[mine], length) if keys[mine] else []

        list(self._threads.map(share, range(len(self._workers))))
        return there

    def close(self):
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()


class TcpWorker:
    """Over a connection of its own, into memory of this process."""

    def __init__(self, server, buffer):
        self._client, self._buffer = KvnestClient(**server), memoryview(buffer.numpy())

    def read(self, keys, places, length):
        return list(self._client.get_into(keys, [self._buffer[at : at + length] for at in places]))

    def close(self):
        self._client.close()


class NixlWorker:
    """Straight from the server's memory, into memory of this process or of its GPU."""

    def __init__(self, server, buffer):
        from kvnest_nixl import NixlReader

        self._memory = ("VRAM", buffer.device.index or 0) if buffer.is_cuda else ("DRAM", 0)
        self._begin, self._client = buffer.data_ptr(), KvnestClient(**server)
        self._reader = NixlReader(self._client)
        self._reader.register(self._begin, buffer.nbytes, *self._memory)

    def read(self, keys, places, length):
        return self._reader.read(keys, [(self._begin + at, length) for at in places], *self._memory)

    def close(self):
        self._client.close()


def open_transport(via, server, device, buffer_bytes):
    """`tcp` and `nixl` read into page-locked memory of this process, from which the GPU copies; `nixl-gpu` into the GPU's."""
    if via == "nixl-gpu":
        buffer = torch.empty(buffer_bytes, dtype=torch.uint8, device=device)
    else:
        buffer = torch.empty(buffer_bytes, dtype=torch.uint8, pin_memory=device.type == "cuda")
    worker = TcpWorker if via == "tcp" else NixlWorker
    return Transport(buffer, [worker(server, buffer) for _ in range(WORKERS)])
