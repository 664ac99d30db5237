#!/usr/bin/env python3
"""Logs a line about the cache now and then, and a last one when the server ends. Runs on the scheduler only.

    runtime_plugin_extra_config:
      summary:
        every_seconds: 300
"""

import json
import os
import signal
import threading
import urllib.request


def get_status():
    headers = {}
    if "KVNEST_TOKEN" in os.environ:
        headers["Authorization"] = "Bearer " + os.environ["KVNEST_TOKEN"]
    request = urllib.request.Request(os.environ["KVNEST_HTTP_URL"] + "/v1/status", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def summary(status):
    counters = status["counters"]
    tiers = ", ".join(f"{tier['chunks']} chunks in {tier['name']}" for tier in status["tiers"])
    return f"{status['status']}: {counters['hits']} hits, {counters['misses']} misses; {tiers}"


def main():
    config = json.loads(os.environ["LMCACHE_PLUGIN_CONFIG"])
    every_seconds = float(config["runtime_plugin_extra_config"].get("summary", {}).get("every_seconds", 300))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while True:
        try:
            print(summary(get_status()))
        except OSError as error:
            print(json.dumps({"level": "warn", "msg": f"no summary: {error}"}))
        if stop.wait(every_seconds):
            break
    print("the server ends")


main()
