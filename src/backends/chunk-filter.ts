import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { describeKey } from '../protocols/chunk-key/describe-key.js';
import { type ChunkFilter } from './storage-backend.interface.js';

/** The filter of a `clear` as a test of keys, which tell no age: what is selected by that is selected by none. */
export function chunkFilter(filter: ChunkFilter): (key: ChunkKey) => boolean {
  const { namespace, model, tenant, storedBeforeMs } = filter;
  if (storedBeforeMs !== undefined) return () => false;
  return (key) => {
    if (namespace !== undefined && key.namespace !== namespace) return false;
    if (model === undefined && tenant === undefined) return true;
    const described = describeKey(key);
    return (
      (model === undefined || described.model === model) &&
      (tenant === undefined || described.tenant === tenant)
    );
  };
}

/** What the filter selects by keys alone. */
export function withoutAge({ namespace, model, tenant }: ChunkFilter): ChunkFilter {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(model !== undefined && { model }),
    ...(tenant !== undefined && { tenant }),
  };
}
