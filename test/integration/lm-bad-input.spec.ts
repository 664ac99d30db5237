import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeLmReply, encodeLmRequest } from '../../src/protocols/lm/lm-message.js';
import { type RemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { get } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { LmTestClient } from '../support/lm-client.js';
import { createTestLmDoor, type TestLmDoor, type TestLmDoorOptions } from '../support/lm-door.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { randomPieces } from '../support/resp-pieces.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const ROUNDS = process.env['KVNEST_SOAK'] === undefined ? 25 : 400;
const KEY = 'm@1@0@5f@half';

function kv(lengthBytes: number): RemoteMetadata {
  return { lengthBytes, format: 1, groups: [{ dtype: 6, shape: [lengthBytes] }] };
}

function changed(request: Buffer, offset: number, value: number): Buffer {
  request.writeInt32LE(value, offset);
  return request;
}

describe('lm door: bad input and bad clients', () => {
  let server: TestLmDoor;

  beforeEach(async () => {
    server = await createTestLmDoor();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.close();
  });

  async function restart(options: TestLmDoorOptions): Promise<void> {
    await server.close();
    server = await createTestLmDoor(options);
  }

  it.each([
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n'.padEnd(186, 'x'))],
    ['command 0', Buffer.alloc(186)],
    ['command 6', changed(encodeLmRequest(2, KEY), 0, 6)],
    ['a negative length', changed(encodeLmRequest(1, KEY), 4, -1)],
    ['a negative format', changed(encodeLmRequest(1, KEY), 8, -1)],
    ['a negative shape', changed(encodeLmRequest(1, KEY), 28, -7)],
    ['no key', encodeLmRequest(2, KEY).fill(' ', 36)],
  ])('answers what came before and hangs up, with one line in the log: %s', async (_, bytes) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    using client = await LmTestClient.open(server.port);
    client.socket.write(Buffer.concat([encodeLmRequest(3, KEY), bytes, bytes, Buffer.alloc(50_000)]));
    expect((await client.reply()).code).toBe(400);
    await client.closed;
    expect(server.counter('protocol_errors')).toBe(1);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('127.0.0.1')]]);
    using other = await LmTestClient.open(server.port);
    expect(await other.health()).toBe(200);
  });

  it('reads and drops a value that is larger than allowed, and stays in step', async () => {
    await restart({ limits: { maxValueBytes: MIB } });
    using client = await LmTestClient.open(server.port);
    client.put(KEY, kv(5 * MIB), chunkBytes(5 * MIB));
    expect(await client.exists(KEY)).toBe(false);
    expect([server.counter('dropped_too_large'), server.counter('protocol_errors')]).toEqual([1, 0]);
  });

  it('reads and drops values when there is no room at all, and stays in step', async () => {
    await restart({ arenaBytes: 8 * MIB });
    using client = await LmTestClient.open(server.port);
    client.put(KEY, kv(6 * MIB), chunkBytes(6 * MIB));
    expect(await client.exists(KEY)).toBe(true);
    await server.engine.pin([ChunkKey.of(KEY)]);
    for (let i = 0; i < 3; i++) client.put(`${KEY}@t%${i}`, kv(5 * MIB), chunkBytes(5 * MIB));
    expect(await client.exists(`${KEY}@t%0`)).toBe(false);
    expectBytes((await client.get(KEY))!.bytes, chunkBytes(6 * MIB));
    expect(server.counter('dropped_busy')).toBe(3);
  });

  it('understands a stream that is cut anywhere', async () => {
    const value = chunkBytes(101);
    const stream = Buffer.concat([
      encodeLmRequest(1, KEY, kv(101)),
      value,
      encodeLmRequest(3, KEY),
      encodeLmRequest(2, KEY),
      encodeLmRequest(5, KEY),
    ]);
    const replies = Buffer.concat([
      encodeLmReply(200),
      encodeLmReply(200, kv(101)),
      value,
      encodeLmReply(200),
    ]);
    using client = await LmTestClient.open(server.port);
    for (let cut = 1; cut < stream.length; cut++) {
      const received = server.counter('bytes_in');
      client.socket.write(stream.subarray(0, cut));
      while (server.counter('bytes_in') < received + cut) await nextTurn();
      client.socket.write(stream.subarray(cut));
      expect((await client.bytes(replies.length)).equals(replies)).toBe(true);
    }
  });

  it('understands random requests in random pieces', async () => {
    const random = new SeededRandom(5);
    for (let round = 0; round < ROUNDS; round++) {
      const stored = new Map<string, Buffer>();
      const [wire, replies]: [Buffer[], Buffer[]] = [[], []];
      for (let i = 0; i < 12; i++) {
        const key = `${KEY}@r%${round}-${random.below(3)}`;
        const value = stored.get(key);
        const command = random.pick([1, 1, 2, 3, 4, 5] as const);
        if (command === 1) {
          const bytes = random.bytes(random.pick([0, 1, 50, 3000, 20_000]));
          wire.push(encodeLmRequest(1, key, kv(bytes.length)), bytes);
          stored.set(key, bytes);
          continue;
        }
        wire.push(encodeLmRequest(command, key));
        if (command === 2 && value !== undefined) replies.push(encodeLmReply(200, kv(value.length)), value);
        else replies.push(encodeLmReply(command === 5 || (command === 3 && value !== undefined) ? 200 : 400));
      }
      using client = await LmTestClient.open(server.port);
      for (const piece of randomPieces(Buffer.concat(wire), random)) {
        client.socket.write(piece);
        if (random.chance(0.1)) await nextTurn();
      }
      const expected = Buffer.concat(replies);
      expect((await client.bytes(expected.length)).equals(expected)).toBe(true);
      for (const [key, bytes] of stored) {
        client.socket.write(encodeLmRequest(2, key));
        expectBytes((await client.nextChunk())!.bytes, bytes);
      }
    }
    await expectEventually(() => server.references() === 0);
  });

  it('survives random bytes', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const random = new SeededRandom(6);
    for (let round = 0; round < 4 * ROUNDS; round++) {
      using client = await LmTestClient.open(server.port);
      const bytes = random.bytes(1000);
      // Some of them begin like a request.
      if (random.chance(0.7)) bytes.writeInt32LE(1 + random.below(5), 0);
      if (random.chance(0.7)) bytes.writeInt32LE(random.below(500), 4);
      if (random.chance(0.7)) bytes.fill(0, 8, 36);
      client.socket.end(bytes);
      await client.closed;
    }
    await expectEventually(() => server.references() === 0);
    using client = await LmTestClient.open(server.port);
    expect(await client.health()).toBe(200);
  });

  it('leaks nothing when clients vanish in the midst of a value', async () => {
    for (const sent of [0, 1, 20_000, 5 * MIB]) {
      const client = await LmTestClient.open(server.port);
      client.put(KEY, kv(8 * MIB), chunkBytes(sent));
      await expectEventually(() => server.references() === 1);
      if (sent > 100_000) client.socket.resetAndDestroy();
      else client.socket.destroy();
      await expectEventually(() => server.references() === 0);
    }
    expect(await get(server, ChunkKey.of(KEY))).toBeUndefined();
    expect(server.arena.usage().freeBytes).toBe(server.arena.usage().dataBytes);
  });

  it('leaks nothing when clients vanish in the midst of a reply', async () => {
    using writer = await LmTestClient.open(server.port);
    writer.put(KEY, kv(16 * MIB), chunkBytes(16 * MIB));
    expect(await writer.exists(KEY)).toBe(true);
    for (let i = 0; i < 5; i++) {
      const client = await LmTestClient.open(server.port);
      client.socket.pause();
      for (let n = 0; n < 3; n++) client.socket.write(encodeLmRequest(2, KEY));
      await expectEventually(() => server.references() > 0);
      client.socket.destroy();
      await expectEventually(() => server.references() === 0);
    }
    expect(await writer.health()).toBe(200);
  });

  it('takes the place from a value that stalls, and from nobody else', async () => {
    await restart({ arenaBytes: 8 * MIB, limits: { bodyTimeoutMs: 100 } });
    using slow = await LmTestClient.open(server.port);
    using other = await LmTestClient.open(server.port);
    const value = chunkBytes(5 * MIB);
    slow.put(KEY, kv(5 * MIB), value.subarray(0, 3 * MIB));
    await expectEventually(() => server.references() === 1);
    await expectEventually(() => server.references() === 0);
    other.put('other@1@0@5f@half', kv(5 * MIB), value);
    expect(await other.exists('other@1@0@5f@half')).toBe(true);
    slow.socket.write(value.subarray(3 * MIB));
    expect(await slow.exists(KEY)).toBe(false);
    expect(server.counter('dropped_stalled')).toBe(1);
    expectBytes((await other.get('other@1@0@5f@half'))!.bytes, value);
  });

  it('hangs up on a client that never reads', async () => {
    await restart({ limits: { bodyTimeoutMs: 400 } });
    using client = await LmTestClient.open(server.port);
    client.put(KEY, kv(16 * MIB), chunkBytes(16 * MIB));
    expect(await client.exists(KEY)).toBe(true);
    client.socket.pause();
    client.socket.write(encodeLmRequest(2, KEY));
    await expectEventually(() => server.counter('slow_readers_closed') === 1);
    await expectEventually(() => server.references() === 0);
  });

  it('leaves an idle client alone, longer than a body may stall', async () => {
    await restart({ limits: { bodyTimeoutMs: 20 } });
    using client = await LmTestClient.open(server.port);
    using busy = await LmTestClient.open(server.port);
    busy.put(KEY, kv(100), Buffer.alloc(1));
    await expectEventually(() => server.references() === 1);
    await expectEventually(() => server.references() === 0);
    expect(await client.health()).toBe(200);
  });

  it('finishes what is under way when the server ends, and then hangs up', async () => {
    using client = await LmTestClient.open(server.port);
    using idle = await LmTestClient.open(server.port);
    const value = chunkBytes(4 * MIB);
    client.put(KEY, kv(4 * MIB), value.subarray(0, MIB));
    await expectEventually(() => server.references() === 1);
    server.engine.beginDrain();
    const drained = server.door.beforeApplicationShutdown();
    client.socket.write(Buffer.concat([value.subarray(MIB), encodeLmRequest(2, KEY)]));
    expectBytes((await client.nextChunk())!.bytes, value);
    await drained;
    server.door.onApplicationShutdown();
    await Promise.all([client.closed, idle.closed]);
    expect(server.references()).toBe(0);
  });

  it('hangs up at the drain deadline on whoever is not done', async () => {
    await restart({ drainTimeoutMs: 50 });
    using client = await LmTestClient.open(server.port);
    client.put(KEY, kv(4 * MIB), Buffer.alloc(MIB));
    await expectEventually(() => server.references() === 1);
    await server.door.beforeApplicationShutdown();
    server.door.onApplicationShutdown();
    await client.closed;
    await expectEventually(() => server.references() === 0);
  });
});

const HALF_A_PUT = `
import socket, struct, sys, time
sock = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
sock.sendall(struct.pack('iiiiiiiii150s', 1, 8000000, 1, 6, 0, 8000000, 0, 0, 0, b'm@1@0@5f@half'.ljust(150)) + bytes(3000000))
time.sleep(60)
`;

describeWithPeer(missingCommand('python3', ['--version']))('lm door and a client that is killed', () => {
  it('in the midst of a value leaks nothing', async () => {
    await using server = await createTestLmDoor();
    const child = spawn('python3', ['-c', HALF_A_PUT, String(server.port)], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    try {
      await expectEventually(() => server.counter('bytes_in') === 3_000_186);
      expect(server.references()).toBe(1);
      child.kill('SIGKILL');
      await expectEventually(() => server.references() === 0);
      expect(server.arena.usage().freeBytes).toBe(server.arena.usage().dataBytes);
    } finally {
      child.kill('SIGKILL');
      await exit;
    }
  });
});
