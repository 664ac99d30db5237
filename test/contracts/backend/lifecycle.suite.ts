import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { type StorageBackend } from '../../../src/backends/storage-backend.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import {
  errorOf,
  inWorld,
  storesChunks,
  type BackendWorld,
  type StorageBackendContract,
} from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const KEY = ChunkKey.of('a');

type Operation = (backend: StorageBackend, handle: ArenaHandle) => unknown;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  contains: (backend) => backend.contains(KEY),
  containsPrefix: (backend) => backend.containsPrefix([KEY]),
  'containsPrefix of nothing': (backend) => backend.containsPrefix([]),
  putMany: (backend, handle) => backend.putMany([handle]),
  'putMany of nothing': (backend) => backend.putMany([]),
  get: (backend) => backend.get(KEY),
  getMany: (backend) => backend.getMany([KEY]),
  'getMany of nothing': (backend) => backend.getMany([]),
  pin: (backend) => backend.pin(KEY, 1_000),
  unpin: (backend) => backend.unpin(KEY),
  remove: (backend) => backend.remove(KEY),
  removeMany: (backend) => backend.removeMany([KEY]),
  'removeMany of nothing': (backend) => backend.removeMany([]),
  expire: (backend) => backend.expire(KEY, 0),
  expiresAtMs: (backend) => backend.expiresAtMs(KEY),
  clear: (backend) => backend.clear(),
};

/** Tests that `operation` works, or is refused with this code. */
async function expectOutcome(world: BackendWorld, operation: Operation, code?: string): Promise<void> {
  using handle = world.chunk({ key: KEY });
  const error = await errorOf(() => operation(world.backend, handle));
  if (code === undefined) expect(error).toBeUndefined();
  else expect(error).toMatchObject({ code });
}

export function describeLifecycle(contract: StorageBackendContract): void {
  const operations = { ...OPERATIONS };
  if (contract.capabilities.scan) operations['scan'] = (backend) => backend.scan(0, 10);
  const cases = Object.entries(operations);
  const closed = { open: false };

  describe('lifecycle', () => {
    it.each(cases)('%s is refused before open', (_, operation) =>
      inWorld(contract, (world) => expectOutcome(world, operation, 'KV_BACKEND_CLOSED'), closed),
    );

    it.each(cases)('%s waits for an open that is on its way', (_, operation) =>
      inWorld(
        contract,
        async (world) => {
          const opening = world.backend.open();
          await expectOutcome(world, operation);
          await opening;
        },
        closed,
      ),
    );

    it.each(cases)('%s is refused after close, and works when opened again', (_, operation) =>
      inWorld(contract, async (world) => {
        await expectOutcome(world, operation);
        await world.backend.close();
        await expectOutcome(world, operation, 'KV_BACKEND_CLOSED');
        await world.backend.open();
        await expectOutcome(world, operation);
      }),
    );

    it('usage and isPutPending answer at any time', () =>
      inWorld(
        contract,
        async (world) => {
          const nothing = { usedBytes: 0, chunks: 0, leasedBytes: 0, pinnedBytes: 0 };
          expect(world.backend.usage()).toMatchObject(nothing);
          expect(world.backend.isPutPending(KEY)).toBe(false);
          await world.backend.open();
          await world.put({ key: KEY });
          await world.backend.close();
          expect(world.backend.usage()).toMatchObject(nothing);
          expect(world.backend.isPutPending(KEY)).toBe(false);
        },
        closed,
      ));

    it('says what it can do', () =>
      inWorld(contract, async (world) => {
        const { maxChunkBytes, ...capabilities } = world.backend.capabilities;
        expect(capabilities).toEqual(contract.capabilities);
        expect(maxChunkBytes).toBeGreaterThan(0);
        expect(world.backend.usage().healthy).toBe(true);
        await world.backend.close();
      }));

    it('opens once, however often it is asked', () =>
      inWorld(contract, async (world) => {
        await Promise.all([world.backend.open(), world.backend.open()]);
        await world.put({ key: KEY });
        await world.backend.open();
        expect(await world.has(KEY)).toBe(true);
      }));

    it('closes once, however often it is asked', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY });
        await Promise.all([world.backend.close(), world.backend.close()]);
        await world.backend.close();
        expect(await errorOf(() => world.backend.get(KEY))).toMatchObject({ code: 'KV_BACKEND_CLOSED' });
      }));

    it('closes without having been opened', () =>
      inWorld(
        contract,
        async (world) => expect(await errorOf(() => world.backend.close())).toBeUndefined(),
        closed,
      ));

    if (storesChunks(contract)) describeAccepted(contract);

    it('leaves readers their bytes when it closes', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(9_000, 4) });
        using handle = (await world.backend.get(KEY)) as ArenaHandle;
        await world.backend.close();
        expectBytes(Buffer.concat(handle.views), chunkBytes(9_000, 4));
      }));
  });

  if (contract.capabilities.persistent) describePersistence(contract);
  else if (!contract.capabilities.shared)
    it('forgets everything when it is closed', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY });
        await world.backend.close();
        await world.backend.open();
        expect(await world.has(KEY)).toBe(false);
        world.expectUsage({ usedBytes: 0, chunks: 0 });
      }));
}

function describeAccepted(contract: StorageBackendContract): void {
  it('finishes what it accepted before it closes', () =>
    inWorld(contract, async (world) => {
      using handle = world.chunk({ key: KEY, bytes: chunkBytes(300_000, 4) });
      const outcomes = Promise.resolve(world.backend.putMany([handle]));
      await world.backend.close();
      expect(await outcomes).toEqual(['stored']);
      await world.backend.open();
      expect(await world.has(KEY)).toBe(contract.capabilities.persistent || contract.capabilities.shared);
    }));
}

function describePersistence(contract: StorageBackendContract): void {
  describe('persistence', () => {
    it('keeps chunks over a close', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(70_000, 1) });
        await world.backend.close();
        await world.backend.open();
        expectBytes(await world.read(KEY), chunkBytes(70_000, 1));
      }));

    it('keeps chunks, what belongs to them and the exact budget over a restart', () =>
      inWorld(contract, async (world) => {
        const expiresAtMs = world.clock.nowMs() + 5_000;
        const metadata = Buffer.from('shape');
        const key = ChunkKey.of('llama@00000001@0@abcd', 3);
        await world.put({ key, bytes: chunkBytes(70_000, 1), metadata, depth: 4, expiresAtMs });
        await world.putRun('others', 5, 10_000);
        await world.put({ key: ChunkKey.of('others-1'), bytes: chunkBytes(100, 50) });
        await world.backend.remove(ChunkKey.of('others-3'));
        const { usedBytes, chunks } = world.backend.usage();

        await world.restart();

        world.expectUsage({ usedBytes, chunks });
        expect(await world.has(ChunkKey.of('others-3'))).toBe(false);
        expectBytes(await world.read(ChunkKey.of('others-1')), chunkBytes(100, 50));
        using handle = (await world.backend.get(key)) as ArenaHandle;
        expect(handle.metadata.toString()).toBe('shape');
        expect(handle.attributes).toMatchObject({ expiresAtMs, depth: 4 });
        expectBytes(Buffer.concat(handle.views), chunkBytes(70_000, 1));
        expect(await world.backend.clear({ model: 'llama' })).toBe(1);
      }));

    it('does not bring back what was cleared', () =>
      inWorld(contract, async (world) => {
        await world.putRun('chunk', 5, 10_000);
        await world.backend.clear();
        await world.restart();
        world.expectUsage({ usedBytes: 0, chunks: 0 });
      }));

    if (contract.capabilities.expiry)
      it('keeps a later expiry over a restart', () =>
        inWorld(contract, async (world) => {
          await world.put({ key: KEY });
          await world.backend.expire(KEY, world.clock.nowMs() + 1_000);
          await world.restart();
          world.clock.advance(1_000);
          expect(await world.has(KEY)).toBe(false);
        }));
  });
}
