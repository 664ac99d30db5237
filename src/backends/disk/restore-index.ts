import { setImmediate as nextTurn } from 'node:timers/promises';
import { type PageAllocator } from '../../arena/page-allocator.js';
import { type Clock } from '../../common/clock.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type DiskIndex } from './disk-index.js';
import { PutRecordView, type RemoveRecord } from './record-codec.js';

export interface RestoreParts {
  readonly index: DiskIndex;
  readonly allocator: PageAllocator;
  readonly clock: Clock;
  /** A chunk that is in the journal and not taken over. */
  readonly onStale: (chunk: RemoveRecord) => void;
}

/** Chunks taken over before others get a turn. */
const BATCH = 4096;

/** Fills an empty index with what a replay found alive. @param references in the order of their last use. */
export async function restoreIndex(references: Uint32Array, parts: RestoreParts): Promise<void> {
  for (const [i, reference] of references.entries()) {
    restore(reference, parts);
    if (i % BATCH === BATCH - 1) await nextTurn();
  }
}

function restore(reference: number, { index, allocator, clock, onStale }: RestoreParts): void {
  const { records, resident } = index;
  const record = new PutRecordView().over(records.slabOf(reference), records.offsetOf(reference));
  const { sequence, firstBlock, expiresAtMs } = record;
  const key = new ChunkKey(Buffer.from(record.key), record.namespace);
  const twin = resident.find(key);
  const isStale =
    (expiresAtMs !== 0 && expiresAtMs <= clock.nowMs()) ||
    (twin !== -1 && index.at(twin).sequence > sequence) ||
    allocator.claim(record.runs) === -1;
  if (isStale) {
    records.free(reference);
    onStale({ firstBlock, sequence });
  } else {
    index.adopt(key, reference);
  }
}
