import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { describeKey } from '../protocols/chunk-key/describe-key.js';
import { type ChunkFilter } from './storage-backend.interface.js';

/** The filter of a `clear` as a test of keys. */
export function chunkFilter(filter: ChunkFilter): (key: ChunkKey) => boolean {
  const { namespace, model, tenant } = filter;
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
