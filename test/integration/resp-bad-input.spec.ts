import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { encodeCommand, RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor, type TestRespDoorOptions } from '../support/resp-door.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const seededBytes = (length: number, seed: number): Buffer => new SeededRandom(seed).bytes(length);
const soak = process.env['KVNEST_SOAK'] === '1';

describe('RESP door: bad input and bad clients', () => {
  let server: TestRespDoor;

  beforeEach(() => start());
  afterEach(() => server.close());

  async function start(options: TestRespDoorOptions = {}): Promise<void> {
    server = await createTestRespDoor({ arenaBytes: 32 * MIB, ...options });
  }

  async function restart(options: TestRespDoorOptions): Promise<void> {
    await server.close();
    await start(options);
  }

  it.each([
    ['invalid multibulk length', '*abc\r\n'],
    ['invalid multibulk length', '*1048577\r\n'],
    ["expected '$', got ':'", '*2\r\n$3\r\nGET\r\n:1\r\n'],
    ['invalid bulk length', '*2\r\n$3\r\nGET\r\n$-1\r\n'],
    ['invalid bulk length', '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870913\r\n'],
    ['unbalanced quotes in request', 'GET "k\r\n'],
    ['too big inline request', 'x'.repeat(70_000)],
  ])('hangs up as Redis does: %s', async (message, bytes) => {
    using client = await RespTestClient.open(server.port);
    expect(await client.call('PING')).toBe('+PONG');
    expect(await client.send(Buffer.from(bytes))).toBe(`-ERR Protocol error: ${message}`);
    await client.closed;
    expect(server.counter('protocol_errors')).toBe(1);
  });

  it('gives the place of a value back when the stream breaks behind it', async () => {
    using client = await RespTestClient.open(server.port);
    const frame = encodeCommand('SET', 'k', Buffer.alloc(100_000));
    frame.write('xx', frame.length - 2);
    expect(await client.send(frame)).toMatch(/^-ERR Protocol error/);
    expect(server.references()).toBe(0);
    using other = await RespTestClient.open(server.port);
    expect(await other.call('EXISTS', 'k')).toBe(0);
  });

  it('understands a stream that is cut anywhere', async () => {
    const value = seededBytes(1100, 1);
    const stream = Buffer.concat([
      encodeCommand('SET', 'k', value, 'EX', '100'),
      Buffer.from('GET k\r\nPING "two words"\r\n'),
      encodeCommand('MGET', 'k', 'none'),
      encodeCommand('SET', 'small', 'v'),
      encodeCommand('DEL', 'k', 'small'),
    ]);
    const bulk = Buffer.concat([Buffer.from('$1100\r\n'), value, Buffer.from('\r\n')]);
    const texts = ['+OK\r\n', bulk, '$9\r\ntwo words\r\n*2\r\n', bulk, '$-1\r\n+OK\r\n:2\r\n'];
    const replies = Buffer.concat(texts.map((text) => Buffer.from(text)));
    using client = await RespTestClient.open(server.port);
    for (let cut = 1; cut < stream.length; cut++) {
      const received = server.counter('bytes_in');
      client.socket.write(stream.subarray(0, cut));
      while (server.counter('bytes_in') < received + cut) await nextTurn();
      client.socket.write(stream.subarray(cut));
      expect((await client.bytes(replies.length)).equals(replies)).toBe(true);
    }
    expect(server.references()).toBe(0);
  });

  it('understands a stream that comes byte by byte', async () => {
    using client = await RespTestClient.open(server.port);
    for (const byte of encodeCommand('SET', 'k', seededBytes(1500, 2))) {
      client.socket.write(Buffer.of(byte));
      await nextTurn();
    }
    expect(await client.next()).toBe('+OK');
    expect(seededBytes(1500, 2).equals((await client.call('GET', 'k')) as Buffer)).toBe(true);
  });

  it('leaks nothing when clients vanish in the midst of a value', async () => {
    for (const sent of [0, 1, 20_000, 5 * MIB]) {
      const client = await RespTestClient.open(server.port);
      client.socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${8 * MIB}\r\n`);
      client.socket.write(Buffer.alloc(sent));
      await expectEventually(() => server.references() === 1);
      if (sent > 100_000) client.socket.resetAndDestroy();
      else client.socket.destroy();
      await expectEventually(() => server.references() === 0);
    }
    using client = await RespTestClient.open(server.port);
    expect(await client.call('EXISTS', 'k')).toBe(0);
    expect(server.arena.usage().freeBytes).toBe(server.arena.usage().dataBytes);
  });

  it('leaks nothing when clients vanish in the midst of a reply', async () => {
    using writer = await RespTestClient.open(server.port);
    await writer.call('SET', 'k', Buffer.alloc(16 * MIB));
    for (let i = 0; i < 5; i++) {
      const client = await RespTestClient.open(server.port);
      client.socket.pause();
      client.socket.write('GET k\r\nGET k\r\nGET k\r\nMGET k k k k\r\n');
      await expectEventually(() => server.references() > 0);
      client.socket.destroy();
      await expectEventually(() => server.references() === 0);
    }
    expect(await writer.call('PING')).toBe('+PONG');
  });

  it('holds little for a client that does not read, and serves it when it does', async () => {
    using client = await RespTestClient.open(server.port);
    const values = Array.from({ length: 8 }, (_, index) => Buffer.alloc(2 * MIB, `value ${index}`));
    for (const [index, value] of values.entries()) await client.call('SET', `k${index}`, value);
    client.socket.pause();
    for (let i = 0; i < 40; i++) client.socket.write(`GET k${i % 8}\r\n`);
    client.socket.write(`MGET ${values.map((_, index) => `k${index}`).join(' ')}\r\n`);
    await expectEventually(() => server.references() > 0);
    await sleep(50);
    expect(server.references()).toBeLessThanOrEqual(5);
    client.socket.resume();
    for (let i = 0; i < 40; i++) expect(values[i % 8]!.equals((await client.next()) as Buffer)).toBe(true);
    const all = (await client.next()) as Buffer[];
    expect(all.every((bytes, index) => values[index]!.equals(bytes))).toBe(true);
    expect(server.references()).toBe(0);
  });

  it('hangs up on a client that never reads', async () => {
    await restart({ limits: { bodyTimeoutMs: 500 } });
    using client = await RespTestClient.open(server.port);
    await client.call('SET', 'k', Buffer.alloc(16 * MIB));
    expect(await client.call('STRLEN', 'k')).toBe(16 * MIB);
    client.socket.pause();
    client.socket.write('GET k\r\n');
    await expectEventually(() => server.counter('slow_readers_closed') === 1);
    await expectEventually(() => server.references() === 0);
  });

  it('takes the place from a value that stalls, and from nobody else', async () => {
    await restart({ arenaBytes: 8 * MIB, limits: { bodyTimeoutMs: 100 } });
    using slow = await RespTestClient.open(server.port);
    using other = await RespTestClient.open(server.port);
    const value = Buffer.alloc(5 * MIB, 'stalled');
    const frame = encodeCommand('SET', 'slow', value);
    slow.socket.write(frame.subarray(0, 3 * MIB));
    await expectEventually(() => server.references() === 1);
    await expectEventually(() => server.references() === 0);
    const rival = Buffer.alloc(5 * MIB, 'rival');
    expect(await other.call('SET', 'rival', rival)).toBe('+OK');
    slow.socket.write(frame.subarray(3 * MIB));
    expect(await slow.next()).toBe('+OK');
    expect(server.counter('dropped_stalled')).toBe(1);
    expect(await slow.call('GET', 'slow')).toBeNull();
    expect(rival.equals((await slow.call('GET', 'rival')) as Buffer)).toBe(true);
  });

  it('lets a slow writer finish as long as it makes progress', async () => {
    await restart({ limits: { bodyTimeoutMs: 200 } });
    using client = await RespTestClient.open(server.port);
    const value = seededBytes(60_000, 5);
    const frame = encodeCommand('SET', 'k', value);
    for (let at = 0; at < frame.length; at += 6000) {
      client.socket.write(frame.subarray(at, at + 6000));
      await sleep(40);
    }
    expect(await client.next()).toBe('+OK');
    expect(value.equals((await client.call('GET', 'k')) as Buffer)).toBe(true);
  });

  it('survives random frames', async () => {
    const random = new SeededRandom(6);
    const batches = soak ? 10_000 : 1000;
    for (let batch = 0; batch < batches; batch++) {
      const client = await RespTestClient.open(server.port);
      const frames = Array.from({ length: 100 }, () => randomFrame(random));
      client.socket.end(Buffer.concat(frames));
      client.socket.resume();
      await client.closed;
    }
    using client = await RespTestClient.open(server.port);
    expect(await client.call('PING')).toBe('+PONG');
    await expectEventually(() => server.references() === 0);
  });
});

const WORDS = [
  'GET',
  'SET',
  'DEL',
  'EXISTS',
  'MGET',
  'HELLO',
  'CLIENT',
  'SCAN',
  'EX',
  'NX',
  '3',
  'k',
  '-1',
  '*',
  '$5',
];

/** A command, often with a byte changed, cut off, or put in. */
function randomFrame(random: SeededRandom): Buffer {
  const args = Array.from({ length: 1 + random.below(4) }, () =>
    random.chance(0.2) ? random.bytes(random.below(1500)) : random.pick(WORDS),
  );
  const frame = encodeCommand(...args);
  if (random.chance(0.97)) return frame;
  const at = random.below(frame.length);
  if (random.chance(0.3)) return frame.subarray(0, at);
  if (random.chance(0.3)) return Buffer.concat([frame.subarray(0, at), random.bytes(4), frame.subarray(at)]);
  frame[at] = random.below(256);
  return frame;
}
