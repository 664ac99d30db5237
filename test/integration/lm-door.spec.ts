import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeLmReply, encodeLmRequest, NO_CHUNK } from '../../src/protocols/lm/lm-message.js';
import {
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { LmTestClient } from '../support/lm-client.js';
import { createTestLmDoor, type TestLmDoor, type TestLmDoorOptions } from '../support/lm-door.js';
import { runPython } from '../support/lm-python.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';

const MIB = 1024 * 1024;
const key = (i: number): string => `tiny/model@8@0@${i.toString(16)}@bfloat16`;

/** The metadata of a chunk of so many bytes, an even number. */
function kv(lengthBytes: number): RemoteMetadata {
  return { lengthBytes, format: 1, groups: [{ dtype: 3, shape: [2, 1, lengthBytes / 4, 1] }] };
}

describe('lm door', () => {
  let server: TestLmDoor;

  beforeEach(async () => {
    server = await createTestLmDoor();
  });
  afterEach(() => server.close());

  async function restart(options: TestLmDoorOptions): Promise<void> {
    await server.close();
    server = await createTestLmDoor(options);
  }

  /** Stores through the engine, as another door does. */
  async function store(name: string, bytes: Buffer, metadata?: Buffer): Promise<void> {
    const reservation = await server.engine.reserve(ChunkKey.of(name), bytes.length, {
      metadataCapacityBytes: 1024,
    });
    if ('refused' in reservation) throw new Error(reservation.refused);
    using open = reservation;
    let at = 0;
    for (const view of open.views) at += bytes.copy(view, 0, at);
    await open.commit({ checksum: server.engine.crc32c(bytes), ...(metadata && { metadata }) });
  }

  it.each([4, 4096, 4100, 100_000, 5 * MIB])(
    'gives back %i bytes with what was told of them',
    async (length) => {
      using client = await LmTestClient.open(server.port);
      const bytes = chunkBytes(length, length);
      expect(await client.exists(key(1))).toBe(false);
      expect(await client.get(key(1))).toBeUndefined();
      client.put(key(1), kv(length), bytes);
      expect(await client.exists(key(1))).toBe(true);
      const chunk = await client.get(key(1));
      expect(chunk?.metadata).toEqual(kv(length));
      expectBytes(chunk!.bytes, bytes);
      expect(server.references()).toBe(0);
    },
  );

  it('takes an empty chunk', async () => {
    using client = await LmTestClient.open(server.port);
    client.put(key(1), { ...kv(0), groups: [{ dtype: 3, shape: [2] }] }, Buffer.alloc(0));
    expect(await client.exists(key(1))).toBe(true);
    expect((await client.get(key(1)))?.bytes).toHaveLength(0);
  });

  it("says no in LMCache's words", async () => {
    using client = await LmTestClient.open(server.port);
    client.socket.write(encodeLmRequest(2, 'none'));
    expect((await client.bytes(36)).equals(encodeLmReply(400, NO_CHUNK))).toBe(true);
    client.socket.write(encodeLmRequest(4, 'none'));
    expect((await client.bytes(36)).equals(encodeLmReply(400, NO_CHUNK))).toBe(true);
  });

  it('is healthy until it drains', async () => {
    using client = await LmTestClient.open(server.port);
    client.put(key(1), kv(4), Buffer.from('abcd'));
    expect(await client.health()).toBe(200);
    server.engine.beginDrain();
    expect(await client.health()).toBe(400);
    client.put(key(2), kv(4), Buffer.from('abcd'));
    expect(await client.exists(key(2))).toBe(false);
    expect((await client.get(key(1)))?.bytes.toString()).toBe('abcd');
    expect(server.counter('dropped_draining')).toBe(1);
  });

  it('answers everything that is pipelined, in order', async () => {
    using client = await LmTestClient.open(server.port);
    const sizes = [4, 200_000, 8, 3 * MIB, 5000, 1 * MIB];
    const chunks = sizes.map((length, i) => chunkBytes(length, i));
    for (const [i, bytes] of chunks.entries()) {
      client.put(key(i), kv(bytes.length), bytes);
      client.socket.write(encodeLmRequest(2, key(i)));
      client.socket.write(encodeLmRequest(3, key(i + 1)));
    }
    for (const bytes of chunks) {
      expectBytes((await client.nextChunk())!.bytes, bytes);
      expect((await client.reply()).code).toBe(400);
    }
  });

  it('keeps answering when clients ask for much at once and read slowly', async () => {
    using client = await LmTestClient.open(server.port);
    const bytes = chunkBytes(2 * MIB, 1);
    client.put(key(1), kv(2 * MIB), bytes);
    for (let i = 0; i < 60; i++) client.socket.write(encodeLmRequest(2, key(1)));
    client.socket.pause();
    await expectEventually(() => server.references() > 0);
    expect(server.references()).toBeLessThanOrEqual(6);
    client.socket.resume();
    for (let i = 0; i < 60; i++) expectBytes((await client.nextChunk())!.bytes, bytes);
  });

  it('replaces a chunk, and drops the old one with a new one that it cannot keep', async () => {
    await restart({ limits: { maxValueBytes: 100_000 } });
    using client = await LmTestClient.open(server.port);
    client.put(key(1), kv(4), Buffer.from('abcd'));
    client.put(key(1), kv(8), Buffer.from('12345678'));
    expect((await client.get(key(1)))?.bytes.toString()).toBe('12345678');
    client.put(key(1), kv(100_004), chunkBytes(100_004));
    expect(await client.get(key(1))).toBeUndefined();
    expect(await client.health()).toBe(200);
    expect(server.counter('dropped_too_large')).toBe(1);
  });

  it('drops what LMCache could never take back', async () => {
    using client = await LmTestClient.open(server.port);
    const binary = { lengthBytes: 4, format: 4, groups: [{ dtype: 6, shape: [4, 0, 0, 0] }] };
    client.put(key(1), binary, Buffer.from('abcd'));
    client.put(key(2), { ...kv(4), groups: [{ dtype: 3, shape: [1] }] }, Buffer.from('abcd'));
    expect([await client.exists(key(1)), await client.exists(key(2))]).toEqual([false, false]);
    expect(server.counter('dropped_rejected')).toBe(2);
  });

  it('shows no chunk without metadata of one tensor that fits', async () => {
    const bytes = Buffer.from('abcdefgh');
    const two = { ...kv(8), groups: [...kv(4).groups, ...kv(4).groups] };
    await put(server, ChunkKey.of(key(1)), bytes);
    await store(key(2), bytes, Buffer.from('any'));
    await store(key(3), bytes, encodeRemoteMetadata(two));
    await store(key(4), bytes, encodeRemoteMetadata(kv(4)));
    await store(key(5), bytes, encodeRemoteMetadata(kv(8)));
    using client = await LmTestClient.open(server.port);
    expect(await client.exists(key(1))).toBe(false);
    for (const i of [1, 2, 3, 4]) expect(await client.get(key(i))).toBeUndefined();
    expect((await client.get(key(5)))?.bytes).toEqual(bytes);
    expect(server.references()).toBe(0);
  });

  it('keeps what was found until it is read, whatever is stored in between', async () => {
    await restart({ arenaBytes: 8 * MIB });
    using client = await LmTestClient.open(server.port);
    client.put(key(0), kv(MIB), chunkBytes(MIB, 7));
    expect(await client.exists(key(0))).toBe(true);
    for (let i = 1; i < 30; i++) client.put(key(i), kv(MIB), chunkBytes(MIB, i));
    expectBytes((await client.get(key(0)))!.bytes, chunkBytes(MIB, 7));
  });

  it('holds back a client that puts faster than there is room for, and loses no step', async () => {
    await restart({ arenaBytes: 16 * MIB });
    using client = await LmTestClient.open(server.port);
    const bytes = chunkBytes(2 * MIB, 1);
    for (let i = 0; i < 150; i++) client.put(key(i), kv(bytes.length), bytes);
    expect(await client.exists(key(149))).toBe(true);
    expectBytes((await client.get(key(149)))!.bytes, bytes);
    expect(await client.exists(key(0))).toBe(false);
    expect(server.arena.usage().freeBytes).toBeGreaterThanOrEqual(0);
    expect(server.references()).toBe(0);
  });

  it('answers a miss where something fails inside, and goes on', async () => {
    await restart({
      // A defect cannot be provoked from outside.
      wrapEngine: (engine) =>
        new Proxy(engine, {
          get: (target, name) => {
            if (name === 'get' || name === 'exists') return () => Promise.reject(new Error('defect'));
            if (name === 'reserve')
              return () => {
                throw new Error('defect');
              };
            const member: unknown = Reflect.get(target, name, target);
            return typeof member === 'function' ? (member.bind(target) as unknown) : member;
          },
        }),
    });
    using client = await LmTestClient.open(server.port);
    client.put(key(1), kv(4), Buffer.from('abcd'));
    expect(await client.exists(key(1))).toBe(false);
    expect(await client.get(key(1))).toBeUndefined();
    expect(await client.health()).toBe(200);
    expect([server.counter('command_failures'), server.counter('dropped_internal')]).toEqual([3, 1]);
  });

  it('hangs up on the client that is one too many', async () => {
    await restart({ limits: { maxConnections: 1 } });
    using first = await LmTestClient.open(server.port);
    expect(await first.health()).toBe(200);
    using second = await LmTestClient.open(server.port);
    expect(await second.closed).toBe(false);
    expect(await first.health()).toBe(200);
    expect(server.counter('connections_refused')).toBe(1);
  });
});

/** LMCache's client in short: one blocking socket, the header of a reply read with a single `recv`. */
const CLIENT = `
import socket, struct, sys
HEADER, REPLY = 'iiiiiiiii150s', 'iiiiiiiii'
sock = socket.create_connection(('127.0.0.1', int(sys.argv[1])))

def send(command, key, length=0, fmt=1, dtype=2, shape=(0, 0, 0, 0)):
    sock.sendall(struct.pack(HEADER, command, length, fmt, dtype, 0, *shape, key.encode().ljust(150)))

def reply():
    header = sock.recv(36)
    assert len(header) == 36, len(header)
    return struct.unpack(REPLY, header)

def put(key, payload, shape):
    send(1, key, len(payload), 1, 3, shape)
    sock.sendall(payload)

def exists(key):
    send(3, key)
    return reply()[0] == 200

def get(key):
    send(2, key)
    code, length, fmt, dtype, s0, s1, s2, s3, location = reply()
    if code != 200:
        assert (length, fmt, dtype, s0, s1, s2, s3, location) == (0, 1, 2, 0, 0, 0, 0, 0)
        return None
    view, received = memoryview(bytearray(length)), 0
    while received < length:
        received += sock.recv_into(view[received:], length - received)
    return bytes(view), fmt, dtype, (s0, s1, s2, s3), location

for round in range(int(sys.argv[2])):
    n = 1 + 997 * round
    payload, shape, key = bytes([round % 251]) * 4 * n, (2, 1, n, 1), 'm@1@0@%x@bfloat16' % round
    assert not exists(key) and get(key) is None
    put(key, payload, shape)
    assert exists(key)
    assert get(key) == (payload, 1, 3, shape, 0)
sock.sendall(struct.pack(HEADER, 5, 0, 1, 2, 0, 0, 0, 0, 0, b' ' * 150))
assert reply()[0] == 200
print('ok')
`;

describeWithPeer(missingCommand('python3', ['--version']))("lm door and a client as LMCache's", () => {
  it('which reads a header with one recv', async () => {
    await using server = await createTestLmDoor();
    expect(await runPython(CLIENT, [String(server.port), '120'])).toBe('ok\n');
    expect(server.references()).toBe(0);
  });
});
