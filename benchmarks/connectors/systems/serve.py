"""Runs what lines of JSON tell, [what, names, size, repeats], and answers with [seconds, seconds of CPU]."""

import json
import sys
import time


def serve(run, fill):
    """Runs `run(what, names, size)`. What is put was written a moment before by `fill(bytes, value)`, like the chunks of
    the connector, and is no longer in the cache of the processor."""
    print("ready", flush=True)
    for line in sys.stdin:
        what, names, size, repeats = json.loads(line)
        if what.startswith("put"):
            fill(len(names) * size, len(names) % 251)
        started, cpu_started = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            run(what, names, size)
        print(json.dumps([time.perf_counter() - started, time.process_time() - cpu_started]), flush=True)
