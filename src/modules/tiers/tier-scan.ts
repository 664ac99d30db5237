import { type ScanPage } from '../../backends/storage-backend.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type Tier } from './tier.js';

const COUNT_PAGE = 1024;

/**
 * One page of the keys of a namespace, or of all, tier after tier. The cursor carries the tier: `tierCursor * tiers + tier`.
 * A key that several tiers have may come more than once, as Redis allows.
 */
export async function scanTiers(
  tiers: readonly Tier[],
  namespace: number | undefined,
  cursor: number,
  count: number,
): Promise<ScanPage> {
  const index = cursor % tiers.length;
  const tier = tiers[index];
  if (tier === undefined) return { keys: [], cursor: 0 };
  const next = (following: number): number => (following < tiers.length ? following : 0);
  if (!tier.backend.capabilities.scan) return { keys: [], cursor: next(index + 1) };
  const page = await tier.backend.scan(Math.floor(cursor / tiers.length), count);
  return {
    keys: namespace === undefined ? page.keys : page.keys.filter((key) => key.namespace === namespace),
    cursor: page.cursor === 0 ? next(index + 1) : page.cursor * tiers.length + index,
  };
}

/** How many keys a namespace has, each counted in the first tier that has it. */
export async function countKeys(tiers: readonly Tier[], namespace: number): Promise<number> {
  let total = 0;
  for (const [index, tier] of tiers.entries()) {
    if (!tier.backend.capabilities.scan) continue;
    let cursor = 0;
    do {
      const page = await tier.backend.scan(cursor, COUNT_PAGE);
      for (const key of page.keys) {
        if (key.namespace === namespace && !(await isInAny(tiers.slice(0, index), key))) total++;
      }
      cursor = page.cursor;
    } while (cursor !== 0);
  }
  return total;
}

async function isInAny(tiers: readonly Tier[], key: ChunkKey): Promise<boolean> {
  for (const tier of tiers) if (await tier.backend.contains(key)) return true;
  return false;
}
