import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplication, type INestApplicationContext } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ARENA } from '../../src/arena/arena.tokens.js';
import { loadConfig } from '../../src/config/load-config.js';
import { startServer } from '../../src/main.js';
import { CACHE_ENGINE } from '../../src/modules/engine/cache-engine.interface.js';
import { type TieredCacheEngine } from '../../src/modules/engine/cache-engine.js';
import { TIER_STACK } from '../../src/modules/tiers/tiers.tokens.js';
import { type TierStack } from '../../src/modules/tiers/tier-stack.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisServer } from '../support/resp-redis-server.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const ARENA_BYTES = 16 * MIB;

describeWithPeer(missingCommand('redis-server', ['--version']))(
  'prefetch, retrieve and move over memory, disk and Redis',
  () => {
    let folder: string;
    let redis: RedisServer;
    let app: INestApplicationContext;
    let engine: TieredCacheEngine;
    let stack: TierStack;
    let arena: Arena;
    let url: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kvnest-prefetch-'));
      redis = await RedisServer.start();
      const tiers = [
        { type: 'memory', capacity: `${ARENA_BYTES}` },
        { type: 'disk', capacity: '96MiB', path: join(folder, 'disk') },
        {
          name: 'redis',
          type: 'remote',
          url: `redis://127.0.0.1:${redis.port}`,
          options: { timeout_ms: 500, breaker_reset_ms: 100 },
        },
      ];
      const doors = ['resp', 'lm', 'tcp', 'nest'].map((name) => `doors.${name}=false`);
      const settings = [
        `tiers=${JSON.stringify(tiers)}`,
        `data_dir=${folder}`,
        'doors.http.port=0',
        ...doors,
      ];
      const argv = [...settings, 'log_level=error'].flatMap((setting) => ['--set', setting]);
      app = await startServer(loadConfig({ argv, env: {} }).config);
      engine = app.get(CACHE_ENGINE);
      stack = app.get(TIER_STACK);
      arena = app.get(ARENA);
      url = `http://127.0.0.1:${(((app as INestApplication).getHttpServer() as Server).address() as AddressInfo).port}/v1`;
    }, 30_000);

    afterEach(async () => {
      redis.resume();
      try {
        await engine.settled();
        await expectEventually(() => arena.usage().references === 0);
      } finally {
        await app.close();
        await redis.stop();
        await rm(folder, { recursive: true });
      }
    }, 30_000);

    /** Chunks k0, k1, …, each in one tier only, by its number in the list of tiers. */
    async function fill(
      count: number,
      tierOf: (index: number) => number,
      bytes = 64 * KIB,
    ): Promise<ChunkKey[]> {
      const keys = Array.from({ length: count }, (_, index) => ChunkKey.of(`k${index}`));
      for (const [index, key] of keys.entries()) {
        expect(await put({ engine }, key, Buffer.alloc(bytes, index), { ack: 'all' })).toBe('stored');
        for (const [tier, { backend }] of stack.tiers.entries()) {
          if (tier !== tierOf(index)) await backend.remove(key);
        }
      }
      return keys;
    }
    const either = (index: number): number => 1 + (index % 2);
    const inMemory = (keys: readonly ChunkKey[]): number =>
      keys.filter((key) => stack.tiers[0]!.backend.contains(key) === true).length;
    const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

    it('leaves nothing behind, whenever it is left', async () => {
      const random = new SeededRandom(7);
      const keys = await fill(60, either);
      for (let round = 0; round < 60; round++) {
        const left = Array.from({ length: 3 }, () =>
          engine.prefetch(keys.slice(random.below(40)), { priority: random.below(10) }).subscribe(),
        );
        for (const prefetch of left) {
          for (let turns = random.below(12); turns > 0; turns--) await nextTurn();
          prefetch.unsubscribe();
        }
        for (const key of keys) await stack.tiers[0]!.backend.remove(key);
      }
      await expectEventually(() => arena.usage().references === 0);
      const { loaded, skipped, state } = await lastValueFrom(engine.prefetch(keys));
      expect([state, loaded + skipped]).toEqual(['done', 60]);
    });

    it('leaves nothing behind of a retrieve either, whatever its receiver still holds', async () => {
      const random = new SeededRandom(8);
      const request = { model: 'm', tokens: Uint32Array.from({ length: 50 * 256 }, (_, i) => i) };
      const chunks = engine.chunks(request);
      for (const { key, index } of chunks) {
        await put({ engine }, key, Buffer.alloc(256 * KIB, index), { ack: 'all' });
        for (const [tier, { backend }] of stack.tiers.entries()) {
          if (tier !== either(index >> 3)) await backend.remove(key);
        }
      }
      for (let round = 0; round < 25; round++) {
        const held: ArenaHandle[] = [];
        const keeps = random.below(8);
        const left = Array.from({ length: 4 }, () =>
          engine.retrieve(request).subscribe(({ handle }) => {
            if (held.length < keeps) held.push(handle);
            else handle[Symbol.dispose]();
          }),
        );
        for (const retrieve of left) {
          for (let turns = random.below(30); turns > 0; turns--) await nextTurn();
          retrieve.unsubscribe();
        }
        for (const handle of held) handle[Symbol.dispose]();
        for (const { key } of chunks) await stack.tiers[0]!.backend.remove(key);
      }
      await expectEventually(() => arena.usage().references === 0);
    });

    it('gives others all but the windows of a receiver that does not dispose', async () => {
      const bytes = 256 * KIB;
      const request = { model: 'm', tokens: Uint32Array.from({ length: 60 * 256 }, (_, i) => i) };
      for (const { key, index } of engine.chunks(request)) {
        await put({ engine }, key, Buffer.alloc(bytes, index), { ack: 'all' });
        await stack.tiers[0]!.backend.remove(key);
        // The first is slow to come: until then, the rest is read ahead.
        await stack.tiers[index === 0 ? 1 : 2]!.backend.remove(key);
      }
      redis.suspend();
      const held: ArenaHandle[] = [];
      const retrieve = engine.retrieve(request).subscribe(({ handle }) => held.push(handle));
      await expectEventually(() => arena.usage().references > 16);
      redis.resume();
      await expectEventually(() => held.length === 9);
      const room: ArenaHandle[] = [];
      for (let i = 0; ; i++) {
        const handle = stack.space.reserve({ key: ChunkKey.of(`room${i}`), lengthBytes: bytes });
        if (typeof handle === 'string') break;
        room.push(handle);
      }
      expect(room.length + held.length).toBeGreaterThanOrEqual(ARENA_BYTES / bytes - 3);
      retrieve.unsubscribe();
      for (const handle of [...room, ...held]) handle[Symbol.dispose]();
    });

    it('loses nothing in a move to a Redis that answers nothing any more', async () => {
      const keys = await fill(40, () => 1, 256 * KIB);
      const end = lastValueFrom(engine.move(keys, { to: 'redis' }));
      await expectEventually(async () => !(await stack.tiers[1]!.backend.contains(keys[2]!)));
      redis.suspend();
      const { state, moved, there, kept, missing } = await end;
      expect([state, moved + there + kept, missing]).toEqual(['done', 40, 0]);
      expect(kept).toBeGreaterThan(0);
      redis.resume();
      for (const [index, key] of keys.entries()) {
        // A tier that got no answers asks again a little later.
        await expectEventually(async () => {
          using handle = await engine.get(key);
          return handle?.views[0]?.[0] === index;
        });
      }
    });

    it('ends where Redis dies, and brings what is there when it is back', async () => {
      const keys = await fill(40, () => 2, 256 * KIB);
      const end = lastValueFrom(engine.prefetch(keys));
      await expectEventually(() => inMemory(keys) > 2);
      await redis.stop();
      const { loaded, failed, ...rest } = await end;
      expect([rest, loaded + failed]).toMatchObject([{ state: 'done', located: 40 }, 40]);
      await redis.restart();
      const others = await fill(3, () => 1);
      expect(await lastValueFrom(engine.prefetch(others))).toMatchObject({ state: 'done', failed: 0 });
    });

    it('ends with its time where Redis answers nothing', async () => {
      const keys = await fill(20, either);
      redis.suspend();
      expect(await lastValueFrom(engine.prefetch(keys, { timeoutMs: 100 }))).toMatchObject({
        state: 'timeout',
      });
      redis.resume();
      await expectEventually(async () => {
        const { located, failed } = await lastValueFrom(engine.prefetch(keys));
        return located === 20 && failed === 0;
      });
    });

    it('brings chunks of no bytes, and of most of the memory', async () => {
      const none = await fill(1, () => 2, 0);
      expect(await lastValueFrom(engine.prefetch(none))).toMatchObject({ loaded: 1, failed: 0 });
      await engine.clear();
      const huge = await fill(2, either, ARENA_BYTES - 2 * MIB);
      expect(await lastValueFrom(engine.prefetch(huge.slice(0, 1)))).toMatchObject({ loaded: 1, failed: 0 });
      await engine.pin(huge.slice(0, 1));
      expect(await lastValueFrom(engine.prefetch(huge, { timeoutMs: 300 }))).toMatchObject({
        ...{ state: 'timeout', skipped: 1, loaded: 0 },
      });
    });

    it('brings a prefix of one chunk, and of ten thousand', async () => {
      const keys = await fill(200, either, 100);
      const many = Array.from({ length: 10_000 }, (_, index) => keys[index % 200]!);
      expect(await lastValueFrom(engine.prefetch(keys.slice(0, 1)))).toMatchObject({ loaded: 1 });
      const end = await lastValueFrom(engine.prefetch(many));
      expect(end).toMatchObject({ state: 'done', total: 10_000, located: 10_000, failed: 0 });
      expect(inMemory(keys)).toBe(200);
    });

    it('waits for memory that is pinned, to the end of its time, and brings what is unpinned', async () => {
      const keys = await fill(10, either, MIB);
      const pinned = Array.from({ length: 30 }, (_, index) => ChunkKey.of(`p${index}`));
      for (const key of pinned) {
        await put({ engine }, key, Buffer.alloc(MIB), { ack: 'memory' });
        await engine.pin([key]);
      }
      await engine.settled();
      expect(await lastValueFrom(engine.prefetch(keys, { timeoutMs: 200 }))).toMatchObject({
        ...{ state: 'timeout', loaded: 0 },
      });
      const end = lastValueFrom(engine.prefetch(keys));
      await engine.unpin(pinned);
      expect(await end).toMatchObject({ state: 'done', loaded: 10, failed: 0 });
    });

    it('brings what several bring at a time, with other priorities, and with the same keys again and again', async () => {
      const keys = await fill(30, either);
      const twice = [...keys, ...keys.toReversed(), ...keys];
      const ends = await Promise.all(
        [0, 9, 5].map((priority) => lastValueFrom(engine.prefetch(twice, { priority }))),
      );
      for (const end of ends) expect(end).toMatchObject({ state: 'done', located: 90, failed: 0 });
      expect(inMemory(keys)).toBe(30);
    });

    it('goes on for nobody where those that were told of it vanish', async () => {
      const keys = await fill(40, either, 256 * KIB);
      const body = JSON.stringify({ keys: keys.map(String) });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/prefetch/keys`, { method: 'POST', body, headers });
      const { id } = (await answer.json()) as { readonly id: string };
      for (let i = 0; i < 20; i++) {
        const gone = new AbortController();
        const events = await fetch(`${url}/jobs/${id}/events`, { signal: gone.signal });
        if (i % 2 === 0) await events.body?.getReader().read();
        gone.abort();
      }
      await expectEventually(async () => {
        const job = (await (await fetch(`${url}/jobs/${id}`)).json()) as { readonly over: boolean };
        return job.over;
      });
      expect(await (await fetch(`${url}/jobs/${id}`)).json()).toMatchObject({ state: 'done', failed: 0 });
    });
  },
);
