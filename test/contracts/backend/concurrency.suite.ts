import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { inWorld, KIB, storesChunks, type StorageBackendContract } from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const VERSIONS = 5;
const LENGTH_BYTES = 40 * KIB;

export function describeConcurrency(contract: StorageBackendContract): void {
  describe('concurrency', () => {
    it('reads whole chunks of one version while one key is put, read and removed at once', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('contended');
        const versions = Array.from({ length: VERSIONS }, (_, i) => chunkBytes(LENGTH_BYTES, i));
        const random = new SeededRandom(21);
        const step = async (): Promise<void> => {
          const dice = random.below(10);
          if (dice < 4) {
            const outcome = await world.put({ key, bytes: versions[random.below(VERSIONS)]! });
            expect(['stored', 'busy']).toContain(outcome);
          } else if (dice < 9) {
            const read = await world.read(key);
            const known =
              typeof read === 'string' ? ['miss', 'busy'].includes(read) : isOneOf(read, versions);
            expect(known).toBe(true);
          } else if (storesChunks(contract)) await world.backend.remove(key);
        };
        for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 10 }, step));

        await world.put({ key, bytes: versions[2]! });
        expectBytes(await world.read(key), versions[2]!);
        world.expectUsage({ chunks: 1 });
      }));

    if (!storesChunks(contract)) return;

    it('ends with the last put of a key', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('contended');
        await Promise.all([0, 1, 2, 3].map((i) => world.put({ key, bytes: chunkBytes(LENGTH_BYTES, i) })));
        expectBytes(await world.read(key), chunkBytes(LENGTH_BYTES, 3));
        world.expectUsage({ chunks: 1 });
      }));

    it('lets a removal win over a put that began before it', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('contended');
        const put = world.put({ key, bytes: chunkBytes(LENGTH_BYTES) });
        await world.backend.remove(key);
        await put;
        expect(await world.read(key)).toBe('miss');
      }));
  });
}

function isOneOf(bytes: Buffer, versions: readonly Buffer[]): boolean {
  return versions.some((version) => version.equals(bytes));
}
