import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { bytesOf, PeerWorld } from '../support/peer-world.js';
import { freePort, RedisProcess } from '../support/redis-process.js';

const KIB = 1024;
const CHUNKS = 24;
const LENGTH_BYTES = 256 * KIB;
const ROUNDS = process.env['KVNEST_SOAK'] === undefined ? 3 : 100;
const KILLS_TIMEOUT_MS = 60_000 + 10_000 * ROUNDS;

describe('peers that end while they are read from', () => {
  let peers: PeerWorld;

  beforeAll(async () => {
    peers = await PeerWorld.start(2);
  });
  afterEach(() => peers.reset());
  afterAll(() => peers[Symbol.asyncDispose]());

  /** Reads all chunks, again and again, until told; every answer that has bytes has the right ones. */
  function readOn(tier: Awaited<ReturnType<PeerWorld['tier']>>, keys: readonly ChunkKey[]) {
    const counts = { hit: 0, miss: 0, other: 0 };
    const reading = { goesOn: true };
    const done = (async () => {
      while (reading.goesOn) {
        const outcomes = (await tier.getMany(keys)).map(bytesOf);
        for (const [i, outcome] of outcomes.entries()) {
          if (typeof outcome !== 'string') {
            expectBytes(outcome, chunkBytes(LENGTH_BYTES, i));
            counts.hit++;
          } else if (outcome === 'miss') counts.miss++;
          else counts.other++;
        }
        await new Promise(setImmediate);
      }
    })();
    const stop = async (): Promise<void> => {
      reading.goesOn = false;
      await done;
    };
    return { counts, stop };
  }

  it(
    `gives right bytes or none over ${ROUNDS} kills of their owner, and finds it again each time`,
    async () => {
      const tier = await peers.tier({ timeout_ms: 2_000 }, 1);
      for (let round = 0; round < ROUNDS; round++) {
        const keys = await peers.putRun(0, 'x', CHUNKS, LENGTH_BYTES);
        await expectEventually(() => peers.peer(tier, 0).up);
        const reading = readOn(tier, keys);
        await expectEventually(() => reading.counts.hit > 0);
        await peers.store(0).process.kill();
        await expectEventually(() => reading.counts.miss > 0);
        await peers.store(0).restart();
        await reading.stop();
        expect(reading.counts.other).toBe(0);
      }
      await expectEventually(() => peers.peer(tier, 0).up);
      expect(await peers.closeTiers()).toBe(true);
    },
    KILLS_TIMEOUT_MS,
  );

  it('gives everything still when one of two that have it is killed', async () => {
    const keys = await peers.putRun(0, 'x', CHUNKS, LENGTH_BYTES);
    await peers.putRun(1, 'x', CHUNKS, LENGTH_BYTES);
    const tier = await peers.tier();
    const reading = readOn(tier, keys);
    await expectEventually(() => reading.counts.hit > CHUNKS);
    await peers.store(0).process.kill();
    const { hit } = reading.counts;
    await expectEventually(() => reading.counts.hit > hit + 2 * CHUNKS);
    await reading.stop();
    expect(reading.counts).toMatchObject({ miss: 0, other: 0 });
    expect(await peers.closeTiers()).toBe(true);
  });

  it('is read from until it is gone when it is told to end', async () => {
    const keys = await peers.putRun(0, 'x', CHUNKS, LENGTH_BYTES);
    const tier = await peers.tier({}, 1);
    const reading = readOn(tier, keys);
    await expectEventually(() => reading.counts.hit > 0);
    await peers.store(0).process.stop();
    await expectEventually(() => reading.counts.miss > 0);
    await reading.stop();
    expect(reading.counts.other).toBe(0);
    expect(await peers.closeTiers()).toBe(true);
  });

  it('is a miss within its time when it hangs in the middle of a chunk', async () => {
    const keys = await peers.putRun(0, 'x', CHUNKS, LENGTH_BYTES);
    const tier = await peers.tier({ timeout_ms: 300, back_off_ms: 60_000, max_back_off_ms: 60_000 }, 1);
    const reading = readOn(tier, keys);
    await expectEventually(() => reading.counts.hit > 0);
    peers.store(0).process.freeze();
    await expectEventually(() => reading.counts.miss > 0);
    await reading.stop();
    expect(peers.peer(tier, 0)).toMatchObject({ up: false });
    expect(reading.counts.other).toBe(0);
    peers.store(0).process.thaw();
    expect(await peers.closeTiers()).toBe(true);
  });
});

const describeRegistry = describeWithPeer(missingCommand('redis-server', ['--version']));

describeRegistry('peers that find each other in a registry', () => {
  let port: number;
  let redis: RedisProcess;
  let admin: Redis;
  let peers: PeerWorld;

  beforeAll(async () => {
    port = await freePort();
    redis = await RedisProcess.start(['--port', String(port), '--save', '', '--appendonly', 'no']);
    admin = new Redis({ port, retryStrategy: (times) => Math.min(50 * times, 200) });
    admin.on('error', () => undefined);
    peers = await PeerWorld.start(1);
  });
  afterEach(async () => {
    await redis.restart();
    await admin.flushall();
    await peers.reset();
  });
  afterAll(async () => {
    admin.disconnect();
    await peers[Symbol.asyncDispose]();
    await redis.kill();
  });

  const registry = () => ({ peers: [`redis://127.0.0.1:${port}`], heartbeat_ms: 100 });

  it('read from who is there, and forget who is silent', async () => {
    const [key] = await peers.putRun(0, 'x', 1);
    const sender = await peers.tier({ ...registry(), role: 'sender', advertise: peers.store(0).url });
    const receiver = await peers.tier({ ...registry(), role: 'receiver' });
    expect(receiver.usage().peers).toEqual([]);
    sender.onApplicationBootstrap();
    await expectEventually(() => receiver.usage().healthy && receiver.usage().peers?.[0]?.up === true);
    expectBytes(bytesOf(await receiver.get(key!)), chunkBytes(10_000, 0));

    const entry = JSON.stringify({ url: 'kvnest://127.0.0.1:1', boot_id: 'gone' });
    const [seconds = 0] = await admin.time();
    await admin.zadd('kvnest:peers', seconds * 1000 + 1_500, entry);
    await expectEventually(() => receiver.usage().peers?.length === 2);
    await expectEventually(() => receiver.usage().peers?.length === 1);

    await sender.onModuleDestroy();
    await expectEventually(() => receiver.usage().peers?.length === 0);
    expect(await admin.zrange('kvnest:peers', '0', '-1')).not.toContainEqual(
      expect.stringContaining(peers.store(0).url),
    );
    expect(receiver.usage().counters).toMatchObject({ hits: 1 });
  });

  it('never ask themselves, and pass over what is no entry', async () => {
    const tier = await peers.tier({ ...registry(), advertise: 'kvnest://127.0.0.1:1' });
    tier.onApplicationBootstrap();
    const soon = Date.now() + 60_000;
    const entries = [
      'no JSON',
      '{"url":"redis://h:1","boot_id":"x"}',
      '{"url":"kvnest://token@h:1","boot_id":"x"}',
      '{"url":"kvnest://a,b","boot_id":"x"}',
      `{"url":"kvnest://${'h'.repeat(2_000)}:1","boot_id":"x"}`,
      JSON.stringify({ url: peers.store(0).url, boot_id: 'another' }),
    ];
    for (const entry of entries) await admin.zadd('kvnest:peers', soon, entry);
    await expectEventually(() => tier.usage().peers?.length === 1);
    expect(tier.usage().peers).toEqual([expect.objectContaining({ name: peers.store(0).url })]);
  });

  it('keep their peers while the registry is away, and say so once', async () => {
    const [key] = await peers.putRun(0, 'x', 1);
    const sender = await peers.tier({ ...registry(), role: 'sender', advertise: peers.store(0).url });
    sender.onApplicationBootstrap();
    const receiver = await peers.tier({ ...registry(), role: 'receiver', connect_timeout_ms: 200 });
    await expectEventually(() => receiver.usage().peers?.[0]?.up === true);
    await redis.kill();
    const lines = () => peers.logger.lines.filter(({ message }) => message.includes('registry'));
    await expectEventually(() => lines().length > 0);
    expectBytes(bytesOf(await receiver.get(key!)), chunkBytes(10_000, 0));
    await redis.restart();
    await expectEventually(() => lines().some(({ message }) => message.includes('answers again')));
    await expectEventually(() => receiver.usage().peers?.[0]?.up === true);
    expectBytes(bytesOf(await receiver.get(key!)), chunkBytes(10_000, 0));
  });
});
