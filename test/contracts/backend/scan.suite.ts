import { describe, expect, it } from '@jest/globals';
import { type ChunkFilter } from '../../../src/backends/storage-backend.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { errorOf, inWorld, type BackendWorld, type StorageBackendContract } from './backend-world.js';

const ids = (keys: readonly ChunkKey[]): string[] => [...new Set(keys.map(({ id }) => id))].sort();

/** Two models, two tenants, two namespaces: eight chunks. */
async function putMatrix(world: BackendWorld): Promise<void> {
  for (const model of ['llama', 'org/qwen'])
    for (const salt of ['', '@bob'])
      for (const namespace of [0, 5])
        await world.put({ key: ChunkKey.of(`${model}@00000001@0@${'ab'.repeat(32)}${salt}`, namespace) });
}

function describeScan(contract: StorageBackendContract): void {
  describe('scan', () => {
    it.each([1, 7, 1_000])('finds every key, in pages of %i', (count) =>
      inWorld(contract, async (world) => {
        const keys = await world.putRun('chunk', 60, 100);
        const other = ChunkKey.of('elsewhere', 9);
        await world.put({ key: other });
        const found = await world.scanAll(count);
        expect(ids(found)).toEqual(ids([...keys, other]));
        expect(found.find(({ id }) => id === other.id)?.namespace).toBe(9);
      }),
    );

    it('finds nothing in an empty backend, or after an unknown cursor', () =>
      inWorld(contract, async (world) => {
        expect(await world.scanAll(10)).toEqual([]);
        await world.put({ key: ChunkKey.of('a') });
        expect(await world.backend.scan(2 ** 52 + 1, 10)).toEqual({ keys: [], cursor: 0 });
      }));

    it('finds what is there all the time, while others come and go', () =>
      inWorld(contract, async (world) => {
        const stay = await world.putRun('stay', 40, 10);
        const go = await world.putRun('go', 40, 10);
        let round = 0;
        const found = await world.scanAll(5, async () => {
          await world.backend.removeMany(go.splice(0, 5));
          if (round < 20) await world.putRun(`come-${round++}`, 20, 10);
        });
        const seen = new Set(found.map(({ id }) => id));
        expect(stay.filter(({ id }) => !seen.has(id))).toEqual([]);
      }));

    if (contract.capabilities.expiry)
      it('skips what has expired', () =>
        inWorld(contract, async (world) => {
          await world.put({ key: ChunkKey.of('a'), expiresAtMs: world.clock.nowMs() + 5 });
          const stays = ChunkKey.of('b');
          await world.put({ key: stays });
          world.clock.advance(5);
          expect(ids(await world.scanAll(10))).toEqual([stays.id]);
        }));
  });
}

function describeClear(contract: StorageBackendContract): void {
  const filters: [string, ChunkFilter | undefined, number][] = [
    ['everything', undefined, 8],
    ['everything by an empty filter', {}, 8],
    ['a namespace', { namespace: 5 }, 4],
    ['a model', { model: 'org/qwen' }, 4],
    ['a tenant', { tenant: 'bob' }, 4],
    ['what has no tenant', { tenant: '' }, 4],
    ['a tenant of a model in a namespace', { namespace: 0, model: 'llama', tenant: 'bob' }, 1],
    ['nothing for a model that is not there', { model: 'gpt' }, 0],
  ];

  describe('clear', () => {
    it.each(filters)('removes %s', (_, filter, expected) =>
      inWorld(contract, async (world) => {
        await putMatrix(world);
        expect(await world.backend.clear(filter)).toBe(expected);
        world.expectUsage({ chunks: 8 - expected });
        expect(await world.backend.clear(filter)).toBe(0);
      }),
    );
  });
}

export function describeEnumeration(contract: StorageBackendContract): void {
  if (contract.capabilities.scan) {
    describeScan(contract);
    describeClear(contract);
    return;
  }
  it('does not scan', () =>
    inWorld(contract, async (world) => {
      expect(await errorOf(() => world.backend.scan(0, 10))).toMatchObject({
        code: 'KV_BACKEND_UNSUPPORTED',
      });
    }));
}
