import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { type InPlace, type ReplaceOutcome } from '../../../src/backends/storage-backend.interface.js';
import { type ChunkForm } from '../../../src/protocols/chunk-form/chunk-form.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, type ChunkSpec, expectBytes } from '../chunks/chunk-bytes.js';
import { inWorld, KIB, type BackendWorld, type StorageBackendContract } from './backend-world.js';

const KEY = ChunkKey.of('form');
const FORMS: readonly ChunkForm[] = [
  { encoded: true, loss: 'none' },
  { encoded: true, loss: 'int8' },
  { encoded: false, loss: 'fp8' },
];
const CHUNK_BYTES = 128 * KIB;

function inPlaceOf(world: BackendWorld): InPlace {
  const { inPlace } = world.backend;
  if (inPlace === undefined) throw new Error('a backend with capability encodings needs inPlace');
  return inPlace;
}

async function replace(
  world: BackendWorld,
  spec: ChunkSpec,
  form: Partial<ChunkForm> = { encoded: true },
): Promise<ReplaceOutcome> {
  const handle = world.chunk(spec);
  handle.setAttributes(form);
  const outcome = inPlaceOf(world).replace(handle);
  // As a put, it keeps a reference of its own.
  handle[Symbol.dispose]();
  return await outcome;
}

async function peek(world: BackendWorld, key = KEY): Promise<ArenaHandle> {
  const outcome = await inPlaceOf(world).peek(key);
  if (typeof outcome === 'string') throw new Error(outcome);
  return outcome;
}

async function expectForm(world: BackendWorld, bytes: Buffer, form: ChunkForm): Promise<void> {
  using handle = await peek(world);
  expectBytes(Buffer.concat(handle.views), bytes);
  expect(handle.attributes).toMatchObject({ ...form });
}

/** What the bytes of a chunk are, and other bytes in their place; of a backend that keeps it. */
export function describeInPlace(contract: StorageBackendContract): void {
  const { encodings = false, persistent, expiry } = contract.capabilities;
  it('changes chunks in place only where it keeps what their bytes are', () =>
    inWorld(contract, (world) => {
      expect(world.backend.inPlace !== undefined).toBe(encodings);
      return Promise.resolve();
    }));
  if (encodings) describeForms(contract, persistent, expiry);
}

function describeForms(contract: StorageBackendContract, persistent: boolean, expiry: boolean): void {
  describe('in place', () => {
    it.each(FORMS)('keeps what the bytes are: %j', (form) =>
      inWorld(contract, async (world) => {
        using handle = world.chunk({ key: KEY, bytes: chunkBytes(5_000, 1), depth: 4 });
        handle.setAttributes(form);
        expect(await world.store(handle)).toBe('stored');
        await expectForm(world, chunkBytes(5_000, 1), form);
        const other = { encoded: !form.encoded, loss: form.loss };
        expect(await replace(world, { key: KEY, bytes: chunkBytes(9_000, 2), depth: 4 }, other)).toBe(
          'stored',
        );
        await expectForm(world, chunkBytes(9_000, 2), other);
        if (!persistent) return;
        await world.restart();
        await expectForm(world, chunkBytes(9_000, 2), other);
        using again = await peek(world);
        expect(again.attributes.depth).toBe(4);
      }),
    );

    it('forgets it with the next put', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(5_000, 1) });
        await replace(world, { key: KEY, bytes: chunkBytes(900, 2) }, { encoded: true, loss: 'int8' });
        await world.put({ key: KEY, bytes: chunkBytes(5_000, 3) });
        await expectForm(world, chunkBytes(5_000, 3), { encoded: false, loss: 'none' });
        if (!persistent) return;
        await world.restart();
        await expectForm(world, chunkBytes(5_000, 3), { encoded: false, loss: 'none' });
      }));

    it('brings nothing back that is not there', () =>
      inWorld(contract, async (world) => {
        expect(await replace(world, { key: KEY })).toBe('missing');
        await world.put({ key: KEY });
        await world.backend.remove(KEY);
        expect(await replace(world, { key: KEY })).toBe('missing');
        expect(await world.has(KEY)).toBe(false);
        world.expectUsage({ chunks: 0, usedBytes: 0 });
        expect(await inPlaceOf(world).peek(KEY)).toBe('miss');
      }));

    it('gives the bytes that are saved to others', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(CHUNK_BYTES) });
        const before = world.backend.usage();
        await replace(world, { key: KEY, bytes: chunkBytes(CHUNK_BYTES / 2) });
        const { chunks, usedBytes } = world.backend.usage();
        expect(chunks).toBe(1);
        expect(usedBytes).toBeLessThan(0.75 * before.usedBytes);
      }));

    it('leaves what is there where there is no room for more', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(CHUNK_BYTES, 1) });
        await world.backend.pin(KEY, 1e6);
        const count = world.capacityBytes / CHUNK_BYTES / 2;
        for (const key of await world.putRun('pinned', count, CHUNK_BYTES)) await world.backend.pin(key, 1e6);
        const large = chunkBytes(world.capacityBytes / 2 + CHUNK_BYTES, 2);
        expect(await replace(world, { key: KEY, bytes: large }, { encoded: false })).toBe('busy');
        await expectForm(world, chunkBytes(CHUNK_BYTES, 1), { encoded: false, loss: 'none' });
      }));

    it('takes no look for a use, and leaves holds as they are', () =>
      inWorld(contract, async (world) => {
        const [oldest, kept] = await world.putRun('chunk', 2, CHUNK_BYTES);
        await world.backend.contains(kept!, { leaseMs: 1_000 });
        await replace(world, { key: oldest!, bytes: chunkBytes(CHUNK_BYTES / 2) });
        await replace(world, { key: kept!, bytes: chunkBytes(CHUNK_BYTES / 2) });
        expect(world.backend.usage().leasedBytes).toBeGreaterThan(0);
        for (const key of [oldest!, kept!]) (await peek(world, key))[Symbol.dispose]();
        expect(world.backend.usage().leasedBytes).toBeGreaterThan(0);
        // As many as fit beside the two: only the oldest has to go, whose room is enough.
        let others = 0;
        while (others < 100 && (await world.has(oldest!)))
          await world.putRun(`other${others++}`, 1, CHUNK_BYTES / 2);
        expect(await world.has(ChunkKey.of('other0-0'))).toBe(true);
        expect(await world.has(kept!)).toBe(true);
        await world.backend.pin(kept!, 1e6);
        await replace(world, { key: kept!, bytes: chunkBytes(CHUNK_BYTES / 4) });
        expect(world.backend.usage().pinnedBytes).toBeGreaterThan(0);
        expect(await world.backend.unpin(kept!)).toBe(true);
        expect(world.backend.usage().pinnedBytes).toBe(0);
      }));

    if (expiry)
      it('leaves the time of expiry as it is', () =>
        inWorld(contract, async (world) => {
          const expiresAtMs = world.clock.nowMs() + 5_000;
          await world.put({ key: KEY, bytes: chunkBytes(5_000), expiresAtMs });
          await replace(world, { key: KEY, bytes: chunkBytes(900) });
          expect(await world.backend.expiresAtMs(KEY)).toBe(expiresAtMs);
          using handle = await peek(world);
          expect(handle.attributes.expiresAtMs).toBe(expiresAtMs);
          world.clock.advance(5_000);
          expect(await world.has(KEY)).toBe(false);
        }));

    it('lets a later put win, and a removal', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(5_000, 1) });
        const replaced = replace(world, { key: KEY, bytes: chunkBytes(900, 2) });
        await world.put({ key: KEY, bytes: chunkBytes(5_000, 3) });
        await replaced;
        await expectForm(world, chunkBytes(5_000, 3), { encoded: false, loss: 'none' });
        const again = replace(world, { key: KEY, bytes: chunkBytes(900, 2) });
        await world.backend.remove(KEY);
        await again;
        expect(await world.has(KEY)).toBe(false);
        if (!persistent) return;
        await world.restart();
        expect(await world.has(KEY)).toBe(false);
      }));

    it('shows one form or the other to readers at any time', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: KEY, bytes: chunkBytes(5_000, 1) });
        const changing = { isOver: false };
        const changes = (async () => {
          for (let round = 0; round < 20; round++) {
            const encoded = round % 2 === 0;
            await replace(world, { key: KEY, bytes: chunkBytes(encoded ? 900 : 5_000, 1) }, { encoded });
          }
        })().finally(() => (changing.isOver = true));
        while (!changing.isOver) {
          using handle = await peek(world);
          expectBytes(Buffer.concat(handle.views), chunkBytes(handle.attributes.encoded ? 900 : 5_000, 1));
          await new Promise(setImmediate);
        }
        await changes;
      }));
  });
}
