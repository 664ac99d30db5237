"""Keys and values of prompts, kept in a kvnest server."""

import torch
from kvnest_client import KvnestClient
from kv_chunks import KvLayout
from transports import open_transport

BATCH_BYTES = 512 << 20  # of each half of the transport's buffer: one is copied to the GPU while the other fills
STORED_AT_ONCE = 8  # chunks of one request


class PrefixCache:
    """
    Of one model, for one thread. `name` stands for its weights: whoever gives the same one shares the chunks. `server` is what
    KvnestClient takes: `host`, `port` and, where it asks for one, `token`.
    """

    def __init__(self, model, name, server, via="tcp"):
        self._client = KvnestClient(**server)
        self._prefix = {"model": name, "dtype": str(model.dtype).removeprefix("torch.")}
        self.layout = KvLayout(model.config, model.dtype, model.device, self._client.hello["chunk_tokens"])
        self._batch = max(1, BATCH_BYTES // self.layout.chunk_bytes)
        half = self._batch * self.layout.chunk_bytes
        self._transport = open_transport(via, server, model.device, 2 * half)
        self._halves = [(at, Copied(model.device)) for at in (0, half)]
        shape, is_cuda = (STORED_AT_ONCE, self.layout.chunk_bytes), model.device.type == "cuda"
        self._outgoing = torch.empty(shape, dtype=torch.uint8, pin_memory=is_cuda)

    def store(self, tokens, cache):
        """Stores the whole chunks of these tokens that the server does not have. Returns how many it took."""
        size, taken = self.layout.chunk_tokens, 0
        end = len(tokens) // size
        for begin in range(len(self.lookup(tokens)), end, STORED_AT_ONCE):
            some = range(begin, min(begin + STORED_AT_ONCE, end))
            for place, index in zip(self._outgoing, some):
                place.copy_(self.layout.chunk(cache, index))
            chunks = [memoryview(place.numpy()) for place in self._outgoing[: len(some)]]
            answers = self._client.store(tokens[: some.stop * size], chunks, first=begin, **self._prefix)
            taken += sum(answer["stored"] for answer in answers)
        return taken

    def lookup(self, tokens):
        """The keys of the chunks that are there, from the first one on."""
        return [chunk["key"] for chunk in self._client.lookup(tokens, **self._prefix)["chunks"]]

    def load(self, tokens):
        """A cache of the tokens' beginning, and how many tokens are in it: never all, the model is to say what follows."""
        keys = self.lookup(tokens[:-1])
        size, layout = self.layout.chunk_bytes, self.layout
        chunks = torch.empty((len(keys), size), dtype=torch.uint8, device=layout.device)
        count = 0
        for number, begin in enumerate(range(0, len(keys), self._batch)):
            some = keys[begin : begin + self._batch]
            at, copied = self._halves[number % 2]
            copied.wait()
            there = self._transport.read(some, at, size)
            found = (there + [False]).index(False)
            come = self._transport.buffer[at : at + found * size].view(found, size)
            chunks[begin : begin + found].copy_(come, non_blocking=True)
            copied.mark()
            count += found
            if found < len(some):
                break
        return layout.join(chunks[:count]), count * layout.chunk_tokens

    def close(self):
        self._transport.close()
        self._client.close()


class Copied:
    """Whether what was copied from some memory to the GPU has left it."""

    def __init__(self, device):
        self._event = torch.cuda.Event() if device.type == "cuda" else None

    def mark(self):
        if self._event:
            self._event.record()

    def wait(self):
        if self._event:
            self._event.synchronize()
