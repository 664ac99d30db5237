#!/usr/bin/env python3
"""Writes a report of the cache, from its metrics, to a file.

Settings, in the configuration of the server:

    runtime_plugin_extra_config:
      report:
        file: /var/log/kvnest-report.json
        every_seconds: 60

The file is replaced in one step: whoever reads it finds a whole report.
"""

import json
import os
import re
import signal
import sys
import threading
import urllib.request

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def settings():
    config = json.loads(os.environ["LMCACHE_RUNTIME_PLUGIN_CONFIG"])
    return config["runtime_plugin_extra_config"].get("report", {})


def scrape():
    """The metrics as {name: [(labels, value), …]}."""
    request = urllib.request.Request(os.environ["KVNEST_HTTP_URL"] + "/metrics")
    if "KVNEST_TOKEN" in os.environ:
        request.add_header("Authorization", "Bearer " + os.environ["KVNEST_TOKEN"])
    metrics = {}
    with urllib.request.urlopen(request, timeout=10) as response:
        for line in response.read().decode().splitlines():
            sample = SAMPLE.match(line)
            if sample:
                name, labels, value = sample.groups()
                metrics.setdefault(name, []).append((dict(LABEL.findall(labels or "")), float(value)))
    return metrics


def report(metrics):
    def total(name):
        return sum(value for _, value in metrics.get(name, []))

    gets = total("kvnest_gets_total")
    return {
        "gets": int(gets),
        "hit_rate": round(total("kvnest_hits_total") / gets, 4) if gets else None,
        "stored": int(total("kvnest_stored_total")),
        "refused": int(total("kvnest_refused_total")),
        "received_bytes": int(total("kvnest_received_bytes_total")),
        "sent_bytes": int(total("kvnest_sent_bytes_total")),
        "tiers": {
            labels["tier"]: {"used_bytes": int(used)}
            for labels, used in metrics.get("kvnest_tier_used_bytes", [])
        },
    }


def write(path, content):
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    os.replace(partial, path)


def main():
    given = settings()
    path = given.get("file", "kvnest-report.json")
    every_seconds = float(given.get("every_seconds", 60))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(f"reporting to {path} every {every_seconds:g} s")
    while True:
        try:
            write(path, report(scrape()))
        except OSError as error:
            print(f"no report this time: {error}", file=sys.stderr)
        if stop.wait(every_seconds):
            return


main()
