"""A transformers cache, cut into chunks and joined again.

A chunk is `[2, layers, tokens, heads * head size]`, keys first, which is how LMCache lays out its chunks.
"""

import torch
from transformers import DynamicCache


class KvLayout:
    """Of one model; `device` is where its cache lies."""

    def __init__(self, config, dtype, device, chunk_tokens):
        self._config, self.dtype, self.device, self.chunk_tokens = config, dtype, device, chunk_tokens
        self._layers, self._heads = config.num_hidden_layers, config.num_key_value_heads
        self._head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        width = self._heads * self._head_size
        self.chunk_bytes = 2 * self._layers * chunk_tokens * width * dtype.itemsize

    def chunk(self, cache, index):
        """The bytes of one chunk of the cache's only sequence, on its device."""
        tokens = slice(index * self.chunk_tokens, (index + 1) * self.chunk_tokens)
        halves = [
            torch.stack([part[0, :, tokens].transpose(0, 1) for part in parts])
            for parts in zip(*((layer.keys, layer.values) for layer in cache.layers))
        ]
        return torch.stack(halves).contiguous().view(torch.uint8).flatten()

    def join(self, chunks):
        """A cache of these chunks, `[count, chunk_bytes]` in bytes on the device; an empty one where there are none."""
        cache = DynamicCache(config=self._config)
        if len(chunks) == 0:
            return cache
        shape = (len(chunks), 2, self._layers, self.chunk_tokens, self._heads, self._head_size)
        whole = chunks.view(self.dtype).view(shape)
        for layer in range(self._layers):
            keys, values = (whole[:, half, layer].flatten(0, 1).transpose(0, 1).contiguous() for half in (0, 1))
            cache.update(keys[None], values[None], layer)
        return cache
