import { map, type Observable } from 'rxjs';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { chain } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type PrefixReadOptions } from '../prefetch/prefix-read.interface.js';
import { readAhead } from '../prefetch/read-ahead.js';
import { type Places } from '../tiers/locating.interface.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { type PrefixChunk, type RetrievedChunk } from './cache-engine.interface.js';
import { type CountedReads } from './counted-reads.js';

/** Reads prefixes from all tiers at a time, and counts what is found of them. */
export class PrefixRetrieval {
  constructor(
    private readonly stack: TierStack,
    private readonly counted: CountedReads,
    private readonly options: Pick<PrefixReadOptions, 'window' | 'ahead' | 'patienceMs'>,
  ) {}

  /** The chunks in order, until the first that is missing: that one counts as a miss, and each counts once. */
  retrieve(chunks: readonly PrefixChunk[]): Observable<RetrievedChunk> {
    const { stack, counted } = this;
    const isCounted = new Set<number>();
    // Who finds no room, or gives it up, reads again.
    const count = (key: ChunkKey, index: number, outcome: ReadOutcome): ReadOutcome => {
      if (outcome === 'busy' || isCounted.has(index)) return outcome;
      isCounted.add(index);
      void counted.count(key, outcome);
      return outcome;
    };
    const source = {
      locate: (keys: readonly ChunkKey[]) => stack.locateAhead(keys),
      read: (key: ChunkKey, place: string, index: number) =>
        chain(stack.read(key, { place }), (outcome) => count(key, index, outcome)),
    };
    const onLocated = (places: Places): void => {
      const missing = chunks[places.indexOf(undefined)];
      if (missing !== undefined) void counted.count(missing.key, 'miss');
    };
    const onNoRoom = (key: ChunkKey): void => void counted.count(key, 'busy');
    const loaded$ = readAhead(chunks, source, { ...this.options, onLocated, onNoRoom });
    return loaded$.pipe(map(({ item, handle }) => ({ ...item, handle })));
  }
}
