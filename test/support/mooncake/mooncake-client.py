"""Mooncake's own client, told what to do by lines of JSON: [method, argument, ...], where bytes are {"hex": ...}."""

import json
import sys

from mooncake.store import MooncakeDistributedStore


def from_json(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def to_json(value):
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return {"hex": bytes(value).hex()}


master, metadata_server = sys.argv[1:]
store = MooncakeDistributedStore()
code = store.setup("127.0.0.1", metadata_server, 0, 128 << 20, "tcp", "", master)
print(json.dumps(code), flush=True)
for line in sys.stdin:
    method, *arguments = json.loads(line)
    answer = getattr(store, method)(*[from_json(argument) for argument in arguments])
    print(json.dumps(to_json(answer)), flush=True)
store.close()
