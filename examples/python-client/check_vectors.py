"""Holds the client against the frames of test/vectors/kvnest-tcp.json."""

import io
import json
import pathlib
import sys

import kvnest_client as client

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "test" / "vectors" / "kvnest-tcp.json"


def header_written(vector):
    """The header as this client would write it; None where it never would."""
    header = vector.get("header")
    if vector["header_form"] == "keys":
        try:
            keys = [bytes.fromhex(key).decode() for key in header["keys"]]
        except UnicodeDecodeError:
            return None
        return client.encode_keys(keys, header["namespace"], header["option"])
    if vector["header_form"] == "put" and not header["ack"] and not header["flags"]:
        (entry,) = header["entries"]
        if not entry["flags"]:
            key, metadata = bytes.fromhex(entry["key"]).decode(), bytes.fromhex(entry["metadata"])
            return client.encode_put(key, entry["length"], metadata, entry["ttl_ms"], header["namespace"])
    return None


def check(vector):
    """Returns what is wrong with the client."""
    wire, prefix = bytes.fromhex(vector["hex"]), vector["prefix"]
    frame = client.read_frame(io.BytesIO(wire))
    expected = (prefix["type"], prefix["pattern"], prefix["flags"], prefix["request_id"], prefix["timeout_ms"])
    if frame[:5] != expected or frame.body.hex() != vector["body"]:
        return "read wrongly"
    if vector["header_form"] == "json" and json.loads(frame.header) != vector["header"]:
        return "its header is read wrongly"
    if client.encode_frame(frame) != wire:
        return "written wrongly"
    if header_written(vector) not in (None, frame.header):
        return "its header is written wrongly"
    return None


def main():
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["frames"]
    problems = {vector["name"]: check(vector) for vector in vectors if check(vector)}
    for name, problem in problems.items():
        print(f"{name}: {problem}", file=sys.stderr)
    print(f"{len(vectors) - len(problems)} of {len(vectors)} frames as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
