import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type StorageBackend } from '../../src/backends/storage-backend.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../support/clock.js';
import { put } from '../support/engine.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const KEYS = ['a', 'b', 'c'];
const TOKENS = Array.from({ length: 256 }, (_, i) => i);

describe('the cache as a whole', () => {
  let server: TestServer;
  let slow: ScriptedBackend;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    server = await startHttpServer({
      clock,
      tiers: (parts): readonly StorageBackend[] => [(slow = new ScriptedBackend('slow', parts))],
    });
  });

  afterEach(async () => {
    await server.close();
  });

  const store = (name: string): Promise<unknown> =>
    Promise.resolve(put(server, ChunkKey.of(name), Buffer.alloc(1000), { ack: 'all' }));

  async function ask(method: string, path: string, body?: object): Promise<[number, unknown]> {
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return [response.status, await response.json()];
  }

  const there = async (): Promise<string[]> => {
    const tiers = await server.engine.exists(KEYS.map((key) => ChunkKey.of(key)));
    return KEYS.filter((_, index) => tiers[index] !== undefined);
  };
  const inMemory = (name: string): boolean =>
    server.stack.tiers[0]?.backend.contains(ChunkKey.of(name)) === true;

  describe('clear', () => {
    it('removes what was stored longer ago, and leaves stores alone that tell no age', async () => {
      await store('a');
      clock.advance(60_000);
      await store('b');
      clock.advance(1000);
      slow.copies.clear();
      expect(await ask('POST', 'clear', { older_than_ms: 30_000 })).toEqual([200, { removed: 1 }]);
      expect(await there()).toEqual(['b']);
      expect(await ask('POST', 'clear', { older_than_ms: 2000 })).toEqual([200, { removed: 0 }]);
      expect(await ask('POST', 'clear', { older_than_ms: 500, tier: 'memory' })).toEqual([
        200,
        { removed: 1 },
      ]);
    });

    it('counts the age of a chunk that was replaced anew', async () => {
      await store('a');
      clock.advance(60_000);
      await store('a');
      expect(await ask('POST', 'clear', { older_than_ms: 30_000, tier: 'memory' })).toEqual([
        200,
        { removed: 0 },
      ]);
    });

    it('clears one tier, and the others keep theirs', async () => {
      await store('a');
      expect(await ask('POST', 'clear', { tier: 'memory' })).toEqual([200, { removed: 1 }]);
      expect([inMemory('a'), await there()]).toEqual([false, ['a']]);
      expect(await ask('POST', 'clear', { tier: 'slow' })).toEqual([200, { removed: 1 }]);
      expect(await there()).toEqual([]);
    });

    it.each([
      [{ tier: 'moon' }, 'KV_CLEAR_TIER'],
      [{ tier: '' }, 'KV_INPUT_INVALID'],
      [{ older_than_ms: -1 }, 'KV_INPUT_INVALID'],
      [{ older: 1 }, 'KV_INPUT_INVALID'],
    ])('refuses %j', async (body, code) => {
      await store('a');
      expect(await ask('POST', 'clear', body)).toMatchObject([400, { error: { code } }]);
      expect(await there()).toEqual(['a']);
    });
  });

  describe('pins of a group', () => {
    const pin = (keys: string[], body: object): Promise<[number, unknown]> =>
      ask('POST', 'objects/pin', { keys, ...body });
    const pinnedBytes = (): number => server.stack.tiers[0]?.backend.usage().pinnedBytes ?? NaN;

    it('end together, and others stay', async () => {
      for (const key of KEYS) await store(key);
      await pin(['a', 'b', 'never'], { group: 'prompts' });
      await pin(['b'], { group: 'prompts' });
      await pin(['c'], {});
      expect(await ask('GET', 'pins')).toEqual([200, { groups: [{ group: 'prompts', pins: 3 }] }]);
      const before = pinnedBytes();
      expect(await ask('POST', 'unpin', { group: 'prompts' })).toEqual([200, { unpinned: 3 }]);
      expect(pinnedBytes()).toBe(before / 3);
      expect(await ask('GET', 'pins')).toEqual([200, { groups: [] }]);
      expect(await ask('POST', 'unpin', { group: 'prompts' })).toEqual([200, { unpinned: 0 }]);
    });

    it('are forgotten when the last of them has ended', async () => {
      for (const key of KEYS) await store(key);
      await pin(['a'], { group: 'short', timeout_ms: 1000 });
      await pin(['b'], { group: 'short', timeout_ms: 5000 });
      clock.advance(2000);
      expect(await ask('GET', 'pins')).toMatchObject([200, { groups: [{ group: 'short' }] }]);
      clock.advance(4000);
      expect(await ask('GET', 'pins')).toEqual([200, { groups: [] }]);
    });

    it('end no pins that others made since they have ended themselves', async () => {
      for (const key of KEYS) await store(key);
      await pin(['a'], { group: 'short', timeout_ms: 1000 });
      await pin(['b', 'c'], { group: 'short', timeout_ms: 5000 });
      clock.advance(2000);
      await pin(['a'], { timeout_ms: 10_000 });
      const before = pinnedBytes();
      expect(await ask('GET', 'pins')).toEqual([200, { groups: [{ group: 'short', pins: 2 }] }]);
      expect(await ask('POST', 'unpin', { group: 'short' })).toEqual([200, { unpinned: 2 }]);
      expect(pinnedBytes()).toBe(before / 3);
    });

    it('are made of prompts, too', async () => {
      const prompt = { model: 'm', tokens: TOKENS };
      const [chunk] = server.engine.chunks({ model: 'm', tokens: Uint32Array.from(TOKENS) });
      await put(server, chunk!.key, Buffer.alloc(1000), { ack: 'all' });
      await ask('POST', 'prefix/pin', { ...prompt, group: 'prompts' });
      expect(pinnedBytes()).toBeGreaterThan(0);
      expect(await ask('POST', 'unpin', { group: 'prompts' })).toEqual([200, { unpinned: 1 }]);
      expect(pinnedBytes()).toBe(0);
    });

    it('have a name', async () => {
      expect(await pin(['a'], { group: '' })).toMatchObject([400, { error: { code: 'KV_INPUT_INVALID' } }]);
      expect(await ask('POST', 'unpin', {})).toMatchObject([400, { error: { code: 'KV_INPUT_INVALID' } }]);
    });
  });
});
