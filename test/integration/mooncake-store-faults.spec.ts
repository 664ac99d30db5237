import { afterEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeTrial } from '../support/mooncake/mooncake-trial.js';
import { MooncakeWorld } from '../support/mooncake/mooncake-world.js';
import { describeWithPeer } from '../support/peer.js';
import { freePort } from '../support/redis-process.js';

const MIB = 1024 * 1024;
/** Its bytes are whatever was put last. */
const anyKey = (i = 0): ChunkKey => ChunkKey.of(`any-${i}`);
/** It says what its bytes are, as LMCache's keys do. */
const keyOf = (i: number): ChunkKey => ChunkKey.of(`org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describeWithPeer(missingMooncake())('A connector to Mooncake, when', () => {
  const trial = new MooncakeTrial();

  afterEach(async () => {
    expect(await trial.end()).toBe(0);
  });

  describe('the master', () => {
    it('is killed and restarted: says so, and finds it again, empty', async () => {
      const { cluster, world } = await trial.begin({ segments: ['64MB'] });
      await world.store(keyOf(0), chunkBytes(10_000));
      await cluster.master.kill();
      for (const call of [
        () => world.fetch(keyOf(0)),
        () => world.store(keyOf(0), chunkBytes(10)),
        () => world.connector.exists(keyOf(0)),
        () => world.connector.ping(),
      ])
        expect(await errorOf(call)).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
      await cluster.restartMaster();
      expect(await world.connector.exists(keyOf(0))).toBe(false);
      await expectEventually(async () => (await world.store(keyOf(1), chunkBytes(10_000, 1))) === 'stored');
      expectBytes(await world.fetch(keyOf(1)), chunkBytes(10_000, 1));
    });

    it('is stopped: gives up after a time, or when nobody waits, and goes on when it does', async () => {
      const { cluster, world } = await trial.begin({ segments: ['64MB'] }, { masterSilenceMs: 1_000 });
      await world.store(keyOf(0), chunkBytes(10_000));
      await cluster.master.suspend();
      const signal = AbortSignal.timeout(50);
      expect(await errorOf(() => world.fetch(keyOf(0), signal))).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
      expect(await errorOf(() => world.fetch(keyOf(0)))).toMatchObject({ code: 'KV_REMOTE_TIMEOUT' });
      cluster.master.resume();
      expectBytes(await world.fetch(keyOf(0)), chunkBytes(10_000));
    });

    it('is exchanged for one of another release: speaks its language', async () => {
      const { cluster, world } = await trial.begin({ segments: [] });
      expect(await world.connector.describe?.()).toContain('Mooncake 0.3.13');
      await cluster.restartMaster('0.3.12');
      expect(await world.connector.exists(keyOf(0))).toBe(false);
      expect(await world.connector.describe?.()).toContain('Mooncake 0.3.12');
    });

    it('is one of several, of which only the last one is there: finds it', async () => {
      const { cluster } = await trial.begin({ segments: ['64MB'] });
      const ports = [await freePort(), await freePort(), cluster.port];
      const masters = ports.map((port) => ({ host: '127.0.0.1', port }));
      const world = await MooncakeWorld.connect(0, { masters });
      expect(await world.store(keyOf(0), chunkBytes(10_000))).toBe('stored');
      expect(await world.connector.describe?.()).toContain(`master 127.0.0.1:${cluster.port}`);
      expect(await world.close()).toBe(0);
    });
  });

  describe('the store', () => {
    it('is full: says busy until there is room again', async () => {
      const { world } = await trial.begin({ segments: ['64MB'] });
      const bytes = chunkBytes(4 * MIB);
      const outcomes: string[] = [];
      for (const i of range(30)) outcomes.push(await world.store(keyOf(i), bytes));
      expect(outcomes.slice(0, 14)).toEqual(range(14).map(() => 'stored'));
      expect(outcomes.slice(14).every((outcome) => ['stored', 'busy'].includes(outcome))).toBe(true);
      for (const [i, outcome] of outcomes.entries())
        if (outcome === 'busy') expect(await world.connector.exists(keyOf(i))).toBe(false);
      await expectEventually(async () => (await world.store(anyKey(1), bytes)) === 'stored', 30_000);
    });

    it('has no segment: says busy', async () => {
      const { world } = await trial.begin({ segments: [] });
      expect(await world.store(anyKey(1), chunkBytes(10))).toBe('busy');
    });

    it('cannot hold a chunk in any segment: does not ask, for everything else would have to go', async () => {
      const { world } = await trial.begin({ segments: ['16MB'] });
      for (const i of range(3)) expect(await world.store(keyOf(i), chunkBytes(MIB, i))).toBe('stored');
      expect(await world.store(anyKey(7), chunkBytes(100))).toBe('stored');
      expect(await world.store(anyKey(7), chunkBytes(17 * MIB))).toBe('rejected');
      expect(await world.connector.existsMany([...range(3).map(keyOf), anyKey(7)])).toEqual([
        true,
        true,
        true,
        false,
      ]);
      expect(await world.store(anyKey(8), chunkBytes(8 * MIB))).toBe('stored');
    });
  });

  it('another client died in the midst of a put: takes the key over when the master gives it up', async () => {
    const { world, raw } = await trial.begin({
      segments: ['64MB'],
      args: ['--put_start_discard_timeout_sec=2'],
    });
    await raw.begin({ name: String(anyKey(1)), lengthBytes: 1_000 });
    await raw.begin({ name: String(keyOf(1)), lengthBytes: 1_000 });
    raw[Symbol.dispose]();
    expect(await world.connector.existsMany([anyKey(1), keyOf(1)])).toEqual([false, false]);
    expect(await world.fetch(keyOf(1))).toBe('miss');
    expect(await world.connector.remove(keyOf(1))).toBe(false);
    expect(await world.store(anyKey(1), chunkBytes(1_000))).toBe('busy');
    expect(await world.store(keyOf(1), chunkBytes(1_000))).toBe('stored');
    await expectEventually(async () => (await world.store(anyKey(1), chunkBytes(1_000, 1))) === 'stored');
    await expectEventually(async () => {
      await world.store(keyOf(1), chunkBytes(1_000, 1));
      return (await world.fetch(keyOf(1))) !== 'miss';
    });
    for (const key of [anyKey(1), keyOf(1)]) expectBytes(await world.fetch(key), chunkBytes(1_000, 1));
  });
});
