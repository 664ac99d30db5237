import { setImmediate as nextTurn } from 'node:timers/promises';
import { concat, defer, from, map, mergeMap, type Observable, of, scan, startWith, takeUntil } from 'rxjs';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type JobProgress } from './job.interface.js';

/** After so many the server turns to others: tiers that answer at once would hold it up else. */
const CHUNKS_PER_TURN = 32;

export interface ChunkSteps<P extends JobProgress, T> {
  /** Before the first chunk. */
  readonly none: P;
  /** Chunks on their way at a time. */
  readonly concurrency: number;
  readonly step: (key: ChunkKey) => Promise<T>;
  readonly count: (progress: P, outcome: T) => P;
  /** What of it is over with the server. */
  readonly ended$: Observable<void>;
}

/**
 * Does something with chunks one by one, tells every step, and ends with the state `done`, or `cancelled` where it was ended before all
 * were done. Begins when it is subscribed to; unsubscribing ends it between two chunks.
 */
export function chunkSteps<P extends JobProgress, T>(
  keys: readonly ChunkKey[],
  { none, concurrency, step, count, ended$ }: ChunkSteps<P, T>,
): Observable<P> {
  return defer(() => {
    let last = none;
    let done = 0;
    const steps$ = from(keys).pipe(
      mergeMap(async (key, index) => {
        if (index % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await nextTurn();
        return step(key);
      }, concurrency),
      scan((progress, outcome) => {
        done++;
        return count(progress, outcome);
      }, none),
      startWith(none),
      map((progress) => (last = progress)),
      takeUntil(ended$),
    );
    const end$ = defer(() => of({ ...last, state: done === keys.length ? 'done' : 'cancelled' }));
    return concat(steps$, end$);
  });
}
