import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EMPTY, Observable, of, range, throwError } from 'rxjs';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { crc32c } from '../../src/common/crc32c.js';
import { KvError } from '../../src/common/errors/kv-error.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { PeerHelloController } from '../../src/modules/peers/peer-hello.controller.js';
import { encodeFrame, FLAG_END, FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { PEER_HELLO } from '../../src/protocols/kvnest-tcp/peer-hello.js';
import { readGetAnswer, readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import { expectEventually } from '../support/eventually.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { randomPieces } from '../support/resp-pieces.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';
import { TcpListener } from '../support/tcp-listener.js';
import {
  endlessRequest,
  hello,
  randomRequest,
  spoiltFrame,
  spoiltHello,
} from '../support/tcp-random-frames.js';

const MIB = 1024 * 1024;
const FRAMES = process.env['KVNEST_SOAK'] === undefined ? 8_000 : 1_000_000;
const CLIENTS = 4;
const FRAMES_OF_A_CLIENT = 100;
const MAX_GROWTH_BYTES = 200 * MIB;
const TIMEOUT_MS = 3_600_000;

/** All that a client can be told that says nonsense. */
const CODES = new Set([
  'KV_TCP_FRAME',
  'KV_TCP_PATTERN',
  'KV_TCP_TIMEOUT',
  'KV_TCP_CANCELLED',
  'KV_TCP_VERSION',
  'KV_INPUT_INVALID',
  'KV_INPUT_MODEL',
  'KV_PEER_VERSION',
  'KV_TEST_FAILURE',
]);
const FAILURE = new KvError('KV_TEST_FAILURE', 'as it should', { kind: 'input' });

describe.each([
  { tiers: 'memory in front of a disk', memory: true, mask: 3 },
  { tiers: 'a disk alone', memory: false, mask: 1 },
])('tcp door: random frames, $tiers', ({ memory, mask }) => {
  let server: TestTcpDoor;
  let folder: string;
  let random: SeededRandom;
  let lastId: number;
  let streams: number;
  const errors: unknown[][] = [];

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'error').mockImplementation((...said: unknown[]) => void errors.push(said));
    folder = await mkdtemp(join(tmpdir(), 'kvnest-tcp-fuzz-'));
    server = await createTestTcpDoor({
      arenaBytes: 16 * MIB,
      memory,
      config: { chunkTokens: 16 },
      limits: { maxValueBytes: 200_000 },
      maxLeaseMs: 200,
      tiers: (parts) => [
        new DiskBackend({
          ...parts,
          name: 'disk',
          path: folder,
          capacityBytes: 32 * MIB,
          policy: lruPolicy,
          logger: new RecordingLogger(),
        }),
      ],
      prepare: ({ strategy }) => {
        strategy.addHandler('echo', (data: unknown) => Promise.resolve(data));
        strategy.addHandler('{"cmd":"echo"}', (data: unknown) => Promise.resolve(of(data)));
        strategy.addHandler('count', () => Promise.resolve(range(0, 5)));
        strategy.addHandler('nothing', () => Promise.resolve(EMPTY));
        strategy.addHandler(PEER_HELLO, (data: unknown) =>
          Promise.resolve(new PeerHelloController(server.arena, 'boot').hello(data)),
        );
        strategy.addHandler('endless', () => Promise.resolve(endless$));
        strategy.addHandler('failure', () => Promise.resolve(throwError(() => FAILURE)));
      },
    });
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  /** As many as run. */
  const endless$ = new Observable<string>((subscriber) => {
    streams++;
    subscriber.next('first');
    subscriber.add(() => streams--);
  });

  async function open(): Promise<[Socket, TcpListener]> {
    const socket = connect(server.port, '127.0.0.1');
    const listener = new TcpListener(socket);
    await once(socket, 'connect');
    return [socket, listener];
  }

  function write(socket: Socket, frames: readonly Buffer[]): void {
    const wire = Buffer.concat(frames);
    if (random.chance(0.9)) socket.write(wire);
    else for (const piece of randomPieces(wire, random)) socket.write(piece);
  }

  function expectTyped({ faults, codes }: TcpListener): void {
    expect(faults).toEqual([]);
    expect([...codes].filter((code) => !CODES.has(code))).toEqual([]);
  }

  /** Keeps to the protocol: each request ends, once. */
  async function askWell(): Promise<void> {
    const [socket, listener] = await open();
    const frames = [hello()];
    for (let id = 1; id <= FRAMES_OF_A_CLIENT; id++) {
      const asked = 1 + random.below(id);
      const isEndless = random.chance(0.02);
      frames.push(isEndless ? endlessRequest(random, id) : randomRequest(random, id).bytes);
      if (isEndless) frames.push(encodeFrame({ type: FRAME_TYPES.CANCEL, requestId: id }));
      if (random.chance(0.1)) frames.push(encodeFrame({ type: FRAME_TYPES.CANCEL, requestId: asked }));
      if (random.chance(0.1)) frames.push(encodeFrame({ type: FRAME_TYPES.PING, requestId: asked }));
    }
    write(socket, frames);
    await listener.ended(FRAMES_OF_A_CLIENT);
    socket.end();
    await listener.closed;
    expectTyped(listener);
    expect([...listener.codes]).not.toContain('KV_TCP_FRAME');
    expect(listener.late).toEqual([]);
    expect([...listener.ends.values()]).toEqual(new Array(FRAMES_OF_A_CLIENT).fill(1));
  }

  /** Does not keep to it, and leaves when it likes. */
  async function askBadly(): Promise<void> {
    const [socket, listener] = await open();
    const frames = [random.chance(0.1) ? spoiltHello(random) : hello()];
    const spoilt = random.pick([0.01, 0.05, 0.2]);
    for (let id = 1; id <= FRAMES_OF_A_CLIENT; id++) {
      const requestId = random.chance(0.01) ? 1 : id;
      const frame = random.chance(spoilt) ? spoiltFrame(random, requestId) : undefined;
      frames.push(frame ?? randomRequest(random, requestId).bytes);
      if (random.chance(0.02)) frames.push(endlessRequest(random, id + FRAMES_OF_A_CLIENT));
    }
    if (random.chance(0.3)) socket.pause();
    write(socket, frames);
    const leave = random.below(3);
    if (leave === 0) socket.end();
    else for (let turns = random.below(30); turns > 0; turns--) await nextTurn();
    if (leave === 1) socket.resetAndDestroy();
    if (leave === 2) socket.destroy();
    socket.resume();
    await listener.closed;
    expectTyped(listener);
  }

  /** Puts and gets, byte for byte. */
  async function expectService(): Promise<void> {
    using client = await TcpTestClient.open(server.port);
    const bytes = random.bytes(5000);
    const checksum = crc32c(bytes, 0);
    const metadata = random.bytes(9);
    const header = putList([{ key: 'well', lengthBytes: bytes.length, metadata }], { ack: 'all' });
    const prefix = { type: FRAME_TYPES.REPLY, pattern: 0, flags: FLAG_END, timeoutMs: 0 };
    const put = await client.reply(
      client.request(PATTERNS.PUT, header, { body: bytes, requestId: lastId++ }),
    );
    expect(put.prefix).toEqual({ ...prefix, requestId: lastId - 1, headerBytes: 12, bodyBytes: 0 });
    expect(readPutAnswers(put.header)).toEqual([{ outcome: 'stored', tiers: mask, checksum }]);
    const get = await client.reply(client.request(PATTERNS.GET, keyList(['well']), { requestId: lastId++ }));
    expect(get.prefix).toEqual({ ...prefix, requestId: lastId - 1, headerBytes: 17, bodyBytes: 5000 });
    expect(readGetAnswer(get.header)).toEqual({ found: true, checksum, metadata });
    expect(get.body.equals(bytes)).toBe(true);
  }

  /** Nobody holds anything any more. */
  async function expectPeace(): Promise<void> {
    await expectEventually(
      () =>
        server.references() === 0 &&
        streams === 0 &&
        server.door.doorStatus().connections === 0 &&
        server.engine.status().tiers.every(({ pendingBytes }) => pendingBytes === 0),
    );
  }

  it(
    'are answered or refused, and leave nothing behind',
    async () => {
      random = new SeededRandom(7);
      lastId = 1;
      streams = 0;
      errors.length = 0;
      const batches = FRAMES / FRAMES_OF_A_CLIENT / CLIENTS;
      let warmBytes = Infinity;
      for (let batch = 0; batch < batches; batch++) {
        await Promise.all([askWell(), askWell(), askBadly(), askBadly()]);
        await expectPeace();
        await expectService();
        if (batch === Math.floor(batches / 4)) warmBytes = process.memoryUsage().rss;
      }
      expect(process.memoryUsage().rss - warmBytes).toBeLessThan(MAX_GROWTH_BYTES);
      expect(errors).toEqual([]);
      expect(server.counter('commands')).toBeGreaterThan(FRAMES / 2);
      expect(server.counter('protocol_errors')).toBeGreaterThan(FRAMES / 1000);
      expect(server.counter('command_failures')).toBe(0);
      expect(server.counter('dropped_too_large')).toBeGreaterThan(0);
      await expectPeace();
      await server.engine.clear();
      await expectPeace();
      const { freeBytes, dataBytes } = server.arena.usage();
      expect(freeBytes).toBe(dataBytes);
    },
    TIMEOUT_MS,
  );
});
