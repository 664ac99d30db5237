import { describe, expect, it } from '@jest/globals';
import { inWorld } from '../../test/contracts/backend/backend-world.js';
import { chunkBytes } from '../../test/contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../../test/support/eventually.js';
import { MemoryBackend } from '../backends/memory/memory.backend.js';
import { type StorageBackendContract } from '../../test/contracts/storage-backend.contract.js';
import { lruPolicy } from '../modules/tiers/eviction/lru.policy.js';
import { remoteUnreachable } from '../connectors/connector-errors.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ChaosLayer } from './chaos.layer.js';
import { layeredBackend } from './layered-backend.js';
import { type Layer } from './layer.interface.js';
import { RetryLayer } from './retry.layer.js';
import { LimitLayer } from './limit.layer.js';
import { TimeoutLayer } from './timeout.layer.js';

const A = ChunkKey.of('a');
const STORE = 'memory';

const memory = (layers: readonly Layer[]): StorageBackendContract => ({
  capabilities: {
    persistent: false,
    shared: false,
    zeroCopy: true,
    scan: true,
    expiry: true,
    metadata: 'any',
    accounted: true,
  },
  create: (context) =>
    layeredBackend(new MemoryBackend({ ...context, name: 'memory', policy: lruPolicy }), layers),
});

describe('a layered backend', () => {
  it('answers as a tier out of order where a layer answers with an error', () => {
    const chaos = new ChaosLayer({ store: STORE, seed: 1, faults: {} });
    return inWorld(memory([chaos]), async (world) => {
      const { backend } = world;
      using handle = world.chunk({ key: A });
      await backend.putMany([handle]);
      chaos.faults = { error: 1 };
      expect(await backend.get(A)).toBe('miss');
      expect(await backend.getMany([A, A])).toEqual(['miss', 'miss']);
      expect(await backend.putMany([handle, handle])).toEqual(['failed', 'failed']);
      expect(await backend.contains(A)).toBe(false);
      expect(await backend.containsPrefix([A])).toBe(0);
      expect(await backend.pin(A, 1_000)).toBe(false);
      expect(await backend.unpin(A)).toBe(false);
      expect(await backend.remove(A)).toBe(false);
      expect(await backend.removeMany([A, A])).toEqual([false, false]);
      expect(await backend.expire(A, 5)).toBe(false);
      expect(await backend.expiresAtMs(A)).toBeUndefined();
      expect(await backend.clear()).toBe(0);
      expect(await backend.scan(0, 10)).toEqual({ keys: [], cursor: 0 });
      await expect(backend.open()).rejects.toMatchObject({ code: 'KV_REMOTE_FAILED' });
      chaos.faults = {};
      expect(await backend.contains(A)).toBe(true);
    });
  });

  it('answers a call that hangs, in time', () => {
    const chaos = new ChaosLayer({ store: STORE, seed: 1, faults: {} });
    const timeout = new TimeoutLayer({ store: STORE, timeoutMs: 5 });
    return inWorld(memory([timeout, chaos]), async (world) => {
      const { backend } = world;
      using handle = world.chunk({ key: A });
      chaos.faults = { hang: 1 };
      expect(await backend.putMany([handle])).toEqual(['failed']);
      expect(await backend.get(A)).toBe('miss');
    });
  });

  it('keeps chunks whose put waits, knows of it, and makes it before it closes', () => {
    const chaos = new ChaosLayer({ store: STORE, seed: 1, faults: {} });
    const limit = new LimitLayer({
      store: STORE,
      maxCalls: 1,
      maxBytes: 1,
      maxWaitingCalls: 10,
      maxWaitingBytes: 2 ** 20,
      maxWaitMs: 60_000,
    });
    const timeout = new TimeoutLayer({ store: STORE, timeoutMs: 20 });
    return inWorld(memory([limit, timeout, chaos]), async (world) => {
      const { backend, arena } = world;
      chaos.faults = { hang: 1 };
      const hanging = backend.contains(A);
      chaos.faults = {};
      const handle = world.chunk({ key: A, bytes: chunkBytes(50_000) });
      const put = backend.putMany([handle]);
      handle[Symbol.dispose]();
      expect(backend.isPutPending(A)).toBe(true);
      await backend.close();
      expect(await put).toEqual(['stored']);
      expect(await hanging).toBe(false);
      expect(backend.isPutPending(A)).toBe(false);
      await expectEventually(() => arena.usage().references === 0);
    });
  });

  it('lets no call overtake a put of its key that is made again', () => {
    const failsOnce: Layer = {
      name: 'fails-once',
      call: (() => {
        let calls = 0;
        return (call, next) =>
          call.operation === 'putMany' && calls++ === 0
            ? Promise.reject(remoteUnreachable(STORE))
            : next(call);
      })(),
    };
    const retry = new RetryLayer({ store: STORE, attempts: 2, baseDelayMs: 20, maxDelayMs: 20 });
    return inWorld(memory([retry, failsOnce]), async (world) => {
      const { backend } = world;
      using handle = world.chunk({ key: A });
      const put = backend.putMany([handle]);
      const [found, removed] = [backend.contains(A), backend.remove(A)];
      expect(await put).toEqual(['stored']);
      expect([await found, await removed]).toEqual([true, true]);
      expect(await backend.contains(A)).toBe(false);
      const again = backend.putMany([handle]);
      expect(await backend.clear()).toBe(1);
      expect(await again).toEqual(['stored']);
    });
  });
});
