import { describe, expect, it } from '@jest/globals';
import { inWorld } from '../../../test/contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../../../test/contracts/chunks/chunk-bytes.js';
import {
  type BackendContext,
  type StorageBackendContract,
  describeStorageBackendContract,
} from '../../../test/contracts/storage-backend.contract.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkMedium, type StoredHeader } from './chunk-medium.interface.js';
import { MediumBackend } from './medium.backend.js';
import { MEDIUM_CAPABILITIES } from '../../../test/support/backend-capabilities.js';

/** Records in a map that outlives the backend, as a file would; answers after a turn of the event loop. */
class MapMedium implements ChunkMedium {
  readonly persistent = true;
  readonly records = new Map<number, { header: Uint8Array; bytes: Buffer }>();
  fails = false;

  async open(): Promise<Iterable<StoredHeader>> {
    await turn();
    return [...this.records].map(([id, { header }]) => ({ id, header }));
  }

  close(): Promise<void> {
    return turn();
  }

  async write(id: number, header: Uint8Array, views: readonly Uint8Array[]): Promise<void> {
    await this.#turn();
    this.records.set(id, { header, bytes: Buffer.concat(views) });
  }

  async writeHeader(id: number, header: Uint8Array): Promise<void> {
    await turn();
    const record = this.records.get(id);
    if (record !== undefined) record.header = header;
  }

  async read(id: number): Promise<Uint8Array | undefined> {
    await this.#turn();
    return this.records.get(id)?.bytes;
  }

  async delete(id: number): Promise<void> {
    await turn();
    this.records.delete(id);
  }

  async #turn(): Promise<void> {
    await turn();
    if (this.fails) throw new Error('the medium is broken');
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const media = new WeakMap<object, MapMedium>();

function create(context: BackendContext, medium = new MapMedium()): MediumBackend {
  const backend = new MediumBackend({
    name: 'map',
    type: 'map',
    medium,
    logger: { warn: () => undefined },
    ...context,
  });
  media.set(backend, medium);
  return backend;
}

const contract: StorageBackendContract = {
  capabilities: MEDIUM_CAPABILITIES,
  create: (context) => create(context),
  reopen: (closed, context) => create(context, media.get(closed)),
};

describeStorageBackendContract('medium', contract);

describe('a medium that fails', () => {
  const key = ChunkKey.of('key');

  it('stores nothing, leaves no older chunk, and works again later', () =>
    inWorld(contract, async (world) => {
      const medium = media.get(world.backend)!;
      await world.put({ key, bytes: chunkBytes(5_000, 1) });
      medium.fails = true;
      expect(await world.put({ key, bytes: chunkBytes(5_000, 2) })).toBe('failed');
      expect(await world.read(key)).toBe('miss');
      world.expectUsage({ usedBytes: 0, chunks: 0 });
      medium.fails = false;
      expect(await world.put({ key, bytes: chunkBytes(5_000, 3) })).toBe('stored');
      expectBytes(await world.read(key), chunkBytes(5_000, 3));
    }));

  it('gives misses, and keeps what it could not read', () =>
    inWorld(contract, async (world) => {
      const medium = media.get(world.backend)!;
      await world.put({ key, bytes: chunkBytes(5_000) });
      medium.fails = true;
      expect(await world.read(key)).toBe('miss');
      medium.fails = false;
      expectBytes(await world.read(key), chunkBytes(5_000));
    }));

  it('has its damaged records found and removed', () =>
    inWorld(contract, async (world) => {
      const { records } = media.get(world.backend)!;
      await world.put({ key, bytes: chunkBytes(5_000) });
      for (const { bytes } of records.values()) bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
      expect(await world.read(key)).toBe('corrupt');
      expect(await world.read(key)).toBe('miss');
      expect(world.backend.usage()).toMatchObject({ corruptions: 1, chunks: 0 });
      expect(records.size).toBe(0);
    }));

  it('loses what has no readable header when it is opened, and no more', () =>
    inWorld(contract, async (world) => {
      const { records } = media.get(world.backend)!;
      const keys = await world.putRun('chunk', 3, 1_000);
      records.get(2)!.header[20]! ^= 1;
      await world.restart();
      expect(await Promise.all(keys.map((each) => world.has(each)))).toEqual([true, false, true]);
      expect([...records.keys()]).toEqual([1, 3]);
    }));
});
