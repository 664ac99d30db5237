import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { planArena } from '../../src/arena/arena-layout.js';
import { type RegionArena } from '../../src/arena/region-arena.js';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { crc32c } from '../../src/common/crc32c.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { KeyFilter } from '../../src/protocols/kvnest-tcp/key-filter.js';
import { hashKey } from '../../src/protocols/kvnest-tcp/key-hash.js';
import {
  encodeLeases,
  type LocateAnswer,
  type LocatedChunk,
  NO_LEASE,
  readLocateAnswer,
} from '../../src/protocols/kvnest-tcp/locate.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import {
  encodeSummaryQuestion,
  NO_SUMMARY,
  readSummaryAnswer,
  type SummaryAnswer,
  type SummaryVersion,
} from '../../src/protocols/kvnest-tcp/summary.js';
import { expectEventually } from '../support/eventually.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor, type TestTcpDoorOptions } from '../support/tcp-door.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('what a server does for peers', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  const after: (() => Promise<unknown>)[] = [];
  const random = new SeededRandom(8);

  async function start(options: TestTcpDoorOptions = {}): Promise<void> {
    server = await createTestTcpDoor(options);
    client = await TcpTestClient.open(server.port);
  }

  afterEach(async () => {
    jest.restoreAllMocks();
    client[Symbol.dispose]();
    await server.close();
    for (const step of after.splice(0)) await step();
  });

  async function withDisk(options: TestTcpDoorOptions = {}): Promise<void> {
    const path = await mkdtemp(join(tmpdir(), 'kvnest-peer-owner-'));
    after.push(() => rm(path, { recursive: true }));
    const logger = new RecordingLogger();
    await start({
      ...options,
      tiers: (parts) => [
        new DiskBackend({ ...parts, name: 'disk', path, capacityBytes: 64 * MIB, policy: lruPolicy, logger }),
      ],
    });
  }

  async function locate(
    keys: readonly string[],
    leaseMs = 0,
    asker: TcpTestClient = client,
  ): Promise<LocateAnswer> {
    const { header } = await asker.reply(asker.request(PATTERNS.LOCATE, keyList(keys, leaseMs)));
    return readLocateAnswer(header);
  }

  /** Until all are there: a disk takes only so many at a time. */
  async function putMany(names: readonly string[]): Promise<void> {
    for (let left = names; left.length > 0;) {
      const header = putList(left.map((key) => ({ key, lengthBytes: 1 })));
      const request = client.request(PATTERNS.PUT, header, { body: Buffer.alloc(left.length) });
      const answers = readPutAnswers((await client.reply(request)).header);
      left = left.filter((_, index) => answers[index]?.outcome !== 'stored');
      await server.engine.settled();
    }
  }

  const numbered = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);

  async function release(...leases: readonly string[]): Promise<number[]> {
    return [...(await client.reply(client.request(PATTERNS.RELEASE, encodeLeases(leases)))).header];
  }

  async function summary(since: SummaryVersion = NO_SUMMARY): Promise<SummaryAnswer> {
    const { header } = await client.reply(
      client.request(PATTERNS.SUMMARY, encodeSummaryQuestion({ ...since, waitMs: 0 })),
    );
    return readSummaryAnswer(header);
  }

  /** As a peer sees it, that maps the memory of the server. */
  function readThere({ extents }: LocatedChunk): Buffer {
    const memory = Buffer.from((server.arena as RegionArena).buffer);
    return Buffer.concat(extents.map(({ offset, length }) => memory.subarray(offset, offset + length)));
  }

  function recordOf({ slot }: LocatedChunk): Buffer {
    const { recordsOffset } = planArena(server.arena.capacityBytes);
    return Buffer.from((server.arena as RegionArena).buffer, recordsOffset + 128 * slot, 128);
  }

  function chunkOf({ outcomes }: LocateAnswer, index = 0): LocatedChunk {
    const outcome = outcomes[index];
    if (typeof outcome !== 'object') throw new Error(`no place, but ${outcome}`);
    return outcome;
  }

  it('tells where chunks lie, with a record that says the same', async () => {
    await start();
    const bytes = random.bytes(300 * KIB);
    const metadata = Buffer.from('meta');
    await client.put('a', bytes, { metadata, expiresAtMs: Date.now() + 60_000, depth: 3 });
    await client.put('empty', Buffer.alloc(0));
    const answer = await locate(['a', 'nothing', 'empty'], 5_000);
    expect(answer).toMatchObject({
      leaseMs: 5_000,
      outcomes: [{ depth: 3, metadata }, 'miss', { extents: [] }],
    });
    const chunk = chunkOf(answer);
    expect(readThere(chunk).equals(bytes)).toBe(true);
    const record = recordOf(chunk);
    expect(record.readUInt32LE(0)).toBe(chunk.generation);
    expect(record.readUInt32LE(4)).toBe(2);
    expect([16, 20, 24, 28].map((at) => record.readUInt32LE(at))).toEqual(chunk.digest);
    expect(record.readUInt32LE(36)).toBe(crc32c(bytes));
    expect(record.readDoubleLE(72)).toBe(bytes.length);
    expect(await release(answer.lease, answer.lease, NO_LEASE)).toEqual([1, 0, 0]);
    expect(server.references()).toBe(0);
  });

  it('leaves a chunk where it is that is replaced, removed and evicted while a peer reads', async () => {
    await start({ arenaBytes: 8 * MIB });
    const bytes = random.bytes(600 * KIB);
    await client.put('a', bytes);
    const answer = await locate(['a']);
    const chunk = chunkOf(answer);
    await client.put('a', random.bytes(600 * KIB));
    await client.flags(PATTERNS.DELETE, ['a']);
    for (let i = 0; i < 40; i++) await client.put(`other-${i}`, random.bytes(600 * KIB));
    expect(readThere(chunk).equals(bytes)).toBe(true);
    expect(recordOf(chunk).readUInt32LE(0)).toBe(chunk.generation);
    expect([2, 3]).toContain(recordOf(chunk).readUInt32LE(4));
    expect(await release(answer.lease)).toEqual([1]);
    for (let i = 0; i < 40; i++) await client.put(`more-${i}`, random.bytes(600 * KIB));
    expect(readThere(chunk).equals(bytes)).toBe(false);
  });

  it('reads what lies on its disk only into memory', async () => {
    await withDisk({ memory: false });
    const bytes = random.bytes(500 * KIB);
    await client.put('a', bytes);
    await server.engine.settled();
    const answer = await locate(['a']);
    expect(readThere(chunkOf(answer)).equals(bytes)).toBe(true);
    await release(answer.lease);
    expect(server.references()).toBe(0);
  });

  it('finds nothing in tiers that others see', async () => {
    let shared!: ScriptedBackend;
    await start({ memory: false, tiers: (parts) => [(shared = new ScriptedBackend('shared', parts))] });
    await client.put('a', Buffer.from('there'));
    await server.engine.settled();
    shared.calls.splice(0);
    expect(await locate(['a'])).toEqual({ lease: NO_LEASE, leaseMs: 0, outcomes: ['miss'] });
    expect(shared.calls).toEqual([]);
  });

  it('holds no more for peers than a quarter of its memory, and the rest is busy until they give back', async () => {
    await start({ arenaBytes: 16 * MIB });
    const names = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const name of names) await client.put(name, random.bytes(MIB));
    const first = await locate(names);
    const places = first.outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'here'));
    expect(places.join(' ')).toBe('here here here busy busy busy busy busy busy busy');
    expect((await locate(['k9'])).outcomes).toEqual(['busy']);
    await release(first.lease);
    const second = await locate(['k9']);
    expect(second.outcomes).toEqual([expect.objectContaining({ lengthBytes: MIB })]);
    await release(second.lease);
  });

  it('holds no more small chunks for peers than their room in its books allows', async () => {
    await start({ arenaBytes: 16 * MIB });
    await client.put('a', Buffer.alloc(1));
    await client.put('empty', Buffer.alloc(0));
    const keys = Array.from({ length: 600 }, (_, index) => (index % 2 === 0 ? 'a' : 'empty'));
    const { lease, outcomes } = await locate(keys);
    const most = server.arena.usage().dataBytes / 4 / (16 * KIB);
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(Math.floor(most));
    expect((await locate(['a'])).outcomes).toEqual(['busy']);
    expect(server.references()).toBe(Math.floor(most));
    await release(lease);
    expect(server.counter('peer_leased_bytes')).toBe(Math.ceil(Math.floor(most) / 2));
    expect(server.counter('peer_leased_bytes_ended')).toBe(server.counter('peer_leased_bytes'));
  });

  it('ends a lease when its time is over, though its connection lasts, and not when its connection ends', async () => {
    await start();
    await client.put('a', random.bytes(KIB));
    using other = await TcpTestClient.open(server.port);
    const long = await locate(['a'], 20_000, other);
    other.socket.destroy();
    await other.closed;
    const short = await locate(['a'], 50);
    expect(server.references()).toBe(2);
    await expectEventually(() => server.references() === 1);
    expect(await release(short.lease, long.lease)).toEqual([0, 1]);
    expect(server.counter('peer_leases_expired')).toBe(1);
    expect(server.counter('peer_leases_ended')).toBe(server.counter('peer_leases'));
  });

  it('never leases for longer than it says', async () => {
    await start();
    await client.put('a', random.bytes(KIB));
    const answer = await locate(['a'], 2 ** 32 - 1);
    expect(answer.leaseMs).toBe(30_000);
    await release(answer.lease);
  });

  it('holds nothing for who cancels, runs out of time or hangs up while its chunks are read', async () => {
    let slow!: ScriptedBackend;
    await start({ tiers: (parts) => [(slow = new ScriptedBackend('slow', parts, { shared: false }))] });
    await client.put('fast', random.bytes(KIB));
    await client.put('slow', random.bytes(KIB), {});
    await server.engine.settled();
    void server.stack.tiers[0]?.backend.clear();
    slow.hold();
    using other = await TcpTestClient.open(server.port);
    const header = keyList(['slow']);
    const cancelled = client.request(PATTERNS.LOCATE, header);
    const timed = client.request(PATTERNS.LOCATE, header, { timeoutMs: 20 });
    other.request(PATTERNS.LOCATE, header);
    await expectEventually(() => slow.calls.includes('get slow'));
    client.cancel(cancelled);
    other.socket.destroy();
    await other.closed;
    expect(await client.error(cancelled)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
    expect(await client.error(timed)).toMatchObject({ code: 'KV_TCP_TIMEOUT' });
    slow.release();
    await expectEventually(() => server.references() === 0);
    await server.engine.settled();
    expect(server.counter('peer_leases')).toBe(0);
    expect(server.counter('peer_leased_bytes_ended')).toBe(server.counter('peer_leased_bytes'));
  });

  it('refuses what is no lease, and none', async () => {
    await start();
    for (const header of [Buffer.alloc(0), Buffer.alloc(7)]) {
      using other = await TcpTestClient.open(server.port);
      other.request(PATTERNS.RELEASE, header);
      expect(await other.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
      await other.closed;
    }
    const { prefix } = await client.reply(client.request(PATTERNS.LOCATE, keyList([])));
    expect(prefix.type).toBe(FRAME_TYPES.REPLY);
  });

  describe('a summary', () => {
    const has = (filter: Buffer, name: string): boolean =>
      new KeyFilter(filter).mayHave(hashKey(Buffer.from(name), 0));

    function whole(answer: SummaryAnswer): Extract<SummaryAnswer, { kind: 'whole' }> {
      if (answer.kind !== 'whole') throw new Error(`a summary of kind ${answer.kind}`);
      return answer;
    }

    it('has what tiers of its own have, and then what is added', async () => {
      await withDisk();
      await putMany(numbered('k', 50));
      await server.engine.settled();
      void server.stack.tiers[0]?.backend.clear();
      const first = whole(await summary());
      const found = Array.from({ length: 1000 }, (_, i) => has(first.filter, `k${i}`));
      expect(found.slice(0, 50)).toEqual(new Array(50).fill(true));
      expect(found.slice(50).filter(Boolean).length).toBeLessThan(10);
      expect(await summary(first)).toEqual({ kind: 'added', id: first.id, version: 50, hashes: [] });
      await client.put('new', Buffer.from('v'));
      await client.put('k1', Buffer.from('again'));
      const hashes = [hashKey(Buffer.from('new'), 0)];
      expect(await summary(first)).toEqual({ kind: 'added', id: first.id, version: 51, hashes });
    });

    it('is told whole to who knows another one, or a version that is not yet', async () => {
      await start();
      await client.put('a', Buffer.from('v'));
      const first = whole(await summary());
      const other = { id: 'ff'.repeat(8), version: 1 };
      expect(whole(await summary(other))).toEqual(first);
      expect(whole(await summary({ id: first.id, version: 7 }))).toEqual(first);
    });

    it('is made anew when it is full, and forgets what has gone', async () => {
      await start({ arenaBytes: 64 * MIB });
      await client.put('a', Buffer.from('v'));
      const first = whole(await summary());
      await client.flags(PATTERNS.DELETE, ['a']);
      await putMany(numbered('k', 4200));
      let now = await summary(first);
      await expectEventually(async () => (now = await summary(first)).kind === 'whole');
      const { id, filter } = whole(now);
      expect(id).not.toBe(first.id);
      expect(has(filter, 'a')).toBe(false);
      expect(Array.from({ length: 4200 }, (_, i) => has(filter, `k${i}`)).every(Boolean)).toBe(true);
    });

    it('does not miss what is stored while it is made', async () => {
      await start();
      await putMany(numbered('k', 3000));
      using other = await TcpTestClient.open(server.port);
      const asked = other.reply(
        other.request(PATTERNS.SUMMARY, encodeSummaryQuestion({ ...NO_SUMMARY, waitMs: 0 })),
      );
      for (let i = 0; i < 20; i++) await client.put(`during-${i}`, Buffer.from('v'));
      const first = whole(readSummaryAnswer((await asked).header));
      const added = await summary(first);
      const filter = new KeyFilter(first.filter);
      if (added.kind === 'added') for (const hash of added.hashes) filter.add(hash);
      const keys = Array.from({ length: 20 }, (_, i) => hashKey(Buffer.from(`during-${i}`), 0));
      expect(keys.every((hash) => filter.mayHave(hash))).toBe(true);
    });

    it('is none where a tier cannot say what it has', async () => {
      await start({
        tiers: (parts) => {
          const tier = new ScriptedBackend('slow', parts, { shared: false });
          Object.assign(tier.capabilities, { scan: false });
          return [tier];
        },
      });
      expect(await summary()).toEqual({ kind: 'none' });
    });
  });
});
