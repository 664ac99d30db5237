"""Time to the first token, with the prompt's keys and values from kvnest and with all of them computed."""

import argparse
import json
import os
import sys
import time
from urllib.parse import unquote, urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../python-client"))

import torch  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

from kvnest_client import KvnestClient  # noqa: E402
from prefix_cache import PrefixCache  # noqa: E402

SIZES = {
    "tiny": dict(hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2),
    # The shape of Llama 3's 8 billion parameters.
    "8b": dict(
        hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8
    ),
}
QUESTION_TOKENS = 32  # behind the prefix


def make_model(size, device, seed):
    """Random weights, the same for one seed on one kind of device."""
    vocabulary = 32_000 if size == "tiny" else 128_256
    config = LlamaConfig(**SIZES[size], vocab_size=vocabulary, max_position_embeddings=131_072, rope_theta=500_000.0)
    config.dtype = torch.bfloat16
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        return LlamaForCausalLM(config).eval()


class Engine:
    def __init__(self, model):
        self._model = model

    def timed(self, work):
        """What `work` returns, and the seconds until the device has done all of it."""
        self._settle()
        begin = time.perf_counter()
        result = work()
        self._settle()
        return result, time.perf_counter() - begin

    def run(self, tokens, cache=None):
        """The logits of the token that follows, and the cache of all tokens."""
        inputs = torch.tensor([tokens], device=self._model.device)
        with torch.inference_mode():
            output = self._model(inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return output.logits[0, -1].float(), output.past_key_values

    def _settle(self):
        if self._model.device.type == "cuda":
            torch.cuda.synchronize()


def same_bits(layout, one, other, tokens):
    return all(
        torch.equal(layout.chunk(one, index), layout.chunk(other, index))
        for index in range(tokens // layout.chunk_tokens)
    )


def one_prompt(engine, cache, prefix_tokens, vocabulary, rounds):
    generator = torch.Generator().manual_seed(prefix_tokens)
    tokens = torch.randint(0, vocabulary, (prefix_tokens + QUESTION_TOKENS,), generator=generator).tolist()
    found = len(cache.lookup(tokens)) * cache.layout.chunk_tokens

    def recompute():
        return engine.run(tokens)

    def resume():
        loaded, count = cache.load(tokens)
        return *engine.run(tokens[count:], loaded), count

    (logits, computed), _ = engine.timed(recompute)
    stored, store_seconds = engine.timed(lambda: cache.store(tokens, computed))
    (resumed, joined, loaded), _ = engine.timed(resume)
    kept = same_bits(cache.layout, computed, joined, loaded)
    computed.crop(loaded - len(tokens))
    continued, _ = engine.run(tokens[loaded:], computed)
    del computed, joined
    recomputed_in, resumed_in, loaded_in = [], [], []
    for _ in range(rounds):
        recomputed_in.append(engine.timed(recompute)[1])
        resumed_in.append(engine.timed(resume)[1])
        loaded_in.append(engine.timed(lambda: cache.load(tokens))[1])
    size = cache.layout.chunk_bytes
    return {
        "tokens": len(tokens),
        "found_tokens": found,
        "loaded_tokens": loaded,
        "bytes": loaded // cache.layout.chunk_tokens * size,
        "stored_chunks": stored,
        "store_gb_per_second": round(stored * size / store_seconds / 1e9, 3),
        "load_gb_per_second": round(loaded // cache.layout.chunk_tokens * size / median(loaded_in) / 1e9, 3),
        "recomputed_ms": round(median(recomputed_in) * 1e3, 1),
        "resumed_ms": round(median(resumed_in) * 1e3, 1),
        "ratio": round(median(recomputed_in) / median(resumed_in), 2),
        "kv_same_bits": kept,
        "logits_same_bits_as_with_the_computed_kv": torch.equal(resumed, continued),
        "logits_difference": float((resumed - logits).abs().max() / logits.abs().max()),
        "same_token": int(resumed.argmax()) == int(logits.argmax()),
    }


def median(values):
    return sorted(values)[len(values) // 2]


def server_of(text):
    """What KvnestClient takes for `kvnest://[token@]host[:port]`."""
    url = urlsplit(text)
    if url.scheme != "kvnest" or not url.hostname:
        raise argparse.ArgumentTypeError("write kvnest://host:port, the address of the TCP door")
    return {"host": url.hostname, "port": url.port or 7070, "token": url.username and unquote(url.username)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=server_of, default="kvnest://127.0.0.1:7070")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--via", choices=["tcp", "nixl", "nixl-gpu"], default="tcp")
    parser.add_argument("--prefix-tokens", type=int, nargs="+", default=[1024])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    # A server that is not there, or asks for another token, is told of before the model is made.
    KvnestClient(**options.server).close()
    device = torch.device(options.device)
    model = make_model(options.size, device, options.seed)
    name = f"random-llama-{options.size}-{options.seed}-{device.type}"
    cache = PrefixCache(model, name, options.server, options.via)
    engine = Engine(model)
    # What a first call loads and compiles is no part of any prompt.
    engine.run(list(range(512)))
    for prefix_tokens in options.prefix_tokens:
        report = one_prompt(engine, cache, prefix_tokens, model.config.vocab_size, options.rounds)
        print(json.dumps({"via": options.via, **report}), flush=True)
    cache.close()


if __name__ == "__main__":
    main()
