"""A client of kvnest over TCP, made from docs/tcp-protocol.md. It needs Python 3.9 and nothing else."""

import itertools
import json
import socket
import struct
from collections import deque, namedtuple

HELLO, REQUEST, REPLY, ERROR, CANCEL, PING, PONG, GOAWAY = range(1, 9)
NAMED, EXISTS, GET, PUT, DELETE, PIN, UNPIN, LOOKUP, STORE, RETRIEVE, LOCATE, RELEASE = range(12)
END = 1
OUTCOMES = ("stored", "too-large", "busy", "draining", "rejected", "failed", "exists", "checksum")
PREFIX = struct.Struct("<BBHIIIQ")  # type, pattern, flags, request, header, timeout, body
KEYS = struct.Struct("<III")  # namespace, option, count
PUT_LIST = struct.Struct("<IBBHI")  # namespace, ack, flags, 0, count
PUT_ENTRY = struct.Struct("<QQIHHB3x")  # length, ttl, checksum, key, metadata, flags
IN_FLIGHT = 32  # so few that they find room on their way while nobody reads

Frame = namedtuple("Frame", "type pattern flags request timeout_ms header body", defaults=(0, 0, 0, 0, b"", b""))


class KvnestError(Exception):
    """What the server answered; programs look at `code`."""

    def __init__(self, code, message, remedy="", retryable=False, details=None, **_):
        super().__init__(f"{code}: {message}" + (f" ({remedy})" if remedy else ""))
        self.code, self.retryable, self.details = code, retryable, details


def encode_frame(frame):
    return encode_head(frame, len(frame.body)) + frame.body


def encode_head(frame, body_length):
    """A frame without its body, which is sent by itself where it is large."""
    *fields, timeout_ms, header, _ = frame
    return PREFIX.pack(*fields, len(header), timeout_ms, body_length) + header


def read_frame(stream, places={}):
    """`places`: by request, the memory that a body of its length is read into."""
    *fields, header, timeout_ms, body = PREFIX.unpack(read(stream, PREFIX.size))
    header, place = read(stream, header), places.get(fields[-1])
    has_place = place is not None and len(place) == body
    return Frame(*fields, timeout_ms, header, read_into(stream, place) if has_place else read(stream, body))


def read(stream, length):
    data = stream.read(length)
    if len(data) < length:
        raise ConnectionError("the server closed the connection")
    return data


def read_into(stream, place):
    """Returns `place`, full."""
    done = 0
    while done < len(place):
        count = stream.readinto(place[done:])
        if not count:
            raise ConnectionError("the server closed the connection")
        done += count
    return place


def bytes_of(value):
    """A view of bytes, whatever their items are: what is none is to fail before half of a request is sent."""
    return memoryview(value).cast("B")


def encode_keys(keys, namespace=0, option=0):
    listed = (struct.pack("<H", len(key)) + key for key in map(str.encode, keys))
    return KEYS.pack(namespace, option, len(keys)) + b"".join(listed)


def encode_put(key, length, metadata=b"", ttl_ms=0, namespace=0):
    name = key.encode()
    entry = PUT_ENTRY.pack(length, ttl_ms, 0, len(name), len(metadata), 0)
    return PUT_LIST.pack(namespace, 0, 0, 0, 1) + entry + name + metadata


class KvnestClient:
    """One connection, for one thread. `hello` is what the server said of itself."""

    def __init__(self, host="127.0.0.1", port=7070, token=None, timeout=30.0):
        self._timeout_ms, self._numbers = int(timeout * 1000), itertools.count()
        self._replies, self._places = {}, {}
        self._socket = socket.create_connection((host, port), timeout + 5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")
        hello = {"version": 1, "client": "kvnest-python/1.0", **({"token": token} if token else {})}
        self._socket.sendall(b"KVN1" + encode_frame(Frame(HELLO, header=json.dumps(hello).encode())))
        self.hello = json.loads(self._receive().header)

    def put(self, key, value, metadata=b"", ttl_ms=0):
        """Returns "stored", or why it was not."""
        value = bytes_of(value)
        reply = next(self._ask(PUT, encode_put(key, len(value), metadata, ttl_ms), [value]))
        return OUTCOMES[reply.header[0]]

    def get(self, key):
        return self.get_many([key])[0]

    def get_many(self, keys):
        """The bytes, None where there are none. Many requests are on their way at a time."""
        values = []
        for at in range(0, len(keys), IN_FLIGHT):
            asked = [self._ask(GET, encode_keys([key])) for key in keys[at : at + IN_FLIGHT]]
            values += [reply.body if reply.header[0] else None for reply in map(next, asked)]
        return values

    def get_into(self, keys, places):
        """Reads each value into its place, a `memoryview` of bytes; yields whether it was there and as long, in order."""
        pairs = list(zip(keys, places))
        for at in range(0, len(pairs), IN_FLIGHT):
            some = pairs[at : at + IN_FLIGHT]
            asked = [(self._ask(GET, encode_keys([key]), place=place), place) for key, place in some]
            for reply, place in ((next(replies), place) for replies, place in asked):
                yield reply.header[0] > 0 and reply.body is place

    def exists(self, keys):
        return [tier > 0 for tier in next(self._ask(EXISTS, encode_keys(keys))).header]

    def delete(self, keys):
        return [was > 0 for was in next(self._ask(DELETE, encode_keys(keys))).header]

    def lookup(self, tokens, **prefix):
        return json.loads(next(self._ask_prefix(LOOKUP, tokens, prefix)).header)

    def store(self, tokens, chunks, first=0, **prefix):
        """Stores the bytes of the chunks of these tokens, from the one of index `first` on."""
        chunks = list(map(bytes_of, chunks))
        prefix["chunks"] = [{"index": index, "length": len(chunk)} for index, chunk in enumerate(chunks, first)]
        return json.loads(next(self._ask_prefix(STORE, tokens, prefix, chunks)).header)["chunks"]

    def retrieve(self, tokens, **prefix):
        """Yields what is known of each chunk, and its bytes, up to the first chunk that is missing."""
        for reply in self._ask_prefix(RETRIEVE, tokens, prefix):
            if not reply.flags & END:
                yield json.loads(reply.header), reply.body

    def locate(self, keys, lease_ms=0):
        """Where values lie in the server's memory, as the bytes of the answer: see kvnest_nixl.py."""
        return next(self._ask(LOCATE, encode_keys(keys, option=lease_ms))).header

    def release(self, leases):
        return [was > 0 for was in next(self._ask(RELEASE, b"".join(leases))).header]

    def call(self, pattern, data):
        """Yields what a message pattern of the server answers."""
        header = json.dumps({"pattern": pattern, "data": data}).encode()
        return (json.loads(reply.header)["data"] for reply in self._ask(NAMED, header) if reply.header)

    def status(self):
        return next(self.call("kv.status", {}))

    def close(self):
        self._stream.close()
        self._socket.close()

    def _ask_prefix(self, pattern, tokens, prefix, chunks=()):
        header = json.dumps({"tokens": len(tokens), **prefix}).encode()
        return self._ask(pattern, header, [struct.pack(f"<{len(tokens)}I", *tokens), *chunks])

    def _ask(self, pattern, header, body=(), place=None):
        """Sends a request now, its body in parts; its replies may be taken later, and between those of others."""
        number = next(self._numbers) % (2**32 - 1) + 1
        replies = self._replies[number] = deque()
        if place is not None:
            self._places[number] = place
        request = Frame(REQUEST, pattern, 0, number, self._timeout_ms, header)
        self._socket.sendall(encode_head(request, sum(map(len, body))))
        for part in body:
            self._socket.sendall(part)
        return self._take(replies)

    def _take(self, replies):
        ended = False
        while not ended:
            while not replies:
                self._receive()
            reply = replies.popleft()
            if reply.type == ERROR:
                raise KvnestError(**json.loads(reply.header))
            ended = reply.flags & END
            yield reply

    def _receive(self):
        frame = read_frame(self._stream, self._places)
        if frame.type == PING:
            self._socket.sendall(encode_frame(Frame(PONG, request=frame.request)))
        elif frame.request in self._replies:
            last = frame.type == ERROR or frame.flags & END
            if last:
                self._places.pop(frame.request, None)
            (self._replies.pop if last else self._replies.get)(frame.request).append(frame)
        elif frame.type == ERROR and frame.request == 0:
            raise KvnestError(**json.loads(frame.header))
        return frame
