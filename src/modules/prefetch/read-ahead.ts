import {
  concatMap,
  defer,
  finalize,
  firstValueFrom,
  from,
  map,
  type Observable,
  ReplaySubject,
  Subject,
  takeWhile,
  zip,
} from 'rxjs';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { CreditedHandle } from './credited-handle.js';

/** One item of the prefix with the chunk that belongs to it. */
export interface Loaded<T> {
  readonly item: T;
  readonly handle: ArenaHandle;
}

/**
 * Loads the chunks of a prefix, in order, until the first that is missing.
 *
 * At most `window` chunks are loading or loaded and not yet disposed by the receiver: each disposal is the credit for
 * the next load. So a slow receiver slows the loads, and the first chunk leaves while the last is still on the disk.
 * A load that finds no room waits for the chunks in front of it to be disposed, never for the memory of others.
 * Unsubscribing gives everything back that was not delivered; loads that are under way are dropped when they arrive.
 */
export function readAhead<T extends { readonly key: ChunkKey }>(
  items: readonly T[],
  window: number,
  read: (key: ChunkKey) => Awaitable<ReadOutcome>,
): Observable<Loaded<T>> {
  return defer(() => {
    const credits = new ReplaySubject<void>();
    const disposals = new Subject<void>();
    const undelivered = new Set<ArenaHandle>();
    let disposed = 0;
    const cancel = new AbortController();

    const readWithRoom = async (key: ChunkKey, index: number): Promise<ReadOutcome> => {
      for (;;) {
        const outcome = await read(key);
        if (outcome !== 'busy' || disposed >= index || cancel.signal.aborted) return outcome;
        await firstValueFrom(disposals);
      }
    };

    const load = async (key: ChunkKey, index: number): Promise<ArenaHandle | undefined> => {
      const outcome = await readWithRoom(key, index);
      if (typeof outcome === 'string') return undefined;
      if (cancel.signal.aborted) {
        outcome[Symbol.dispose]();
        return undefined;
      }
      undelivered.add(outcome);
      return outcome;
    };

    const deliver = (item: T, handle: ArenaHandle): Loaded<T> => {
      undelivered.delete(handle);
      const credited = new CreditedHandle(handle, () => {
        disposed++;
        disposals.next();
        credits.next();
      });
      return { item, handle: credited };
    };

    for (let i = 0; i < window; i++) credits.next();
    return zip(from(items), credits).pipe(
      map(([item], index) => ({ item, loading: load(item.key, index) })),
      concatMap(async ({ item, loading }) => ({ item, handle: await loading })),
      takeWhile((loaded): loaded is Loaded<T> => loaded.handle !== undefined),
      map(({ item, handle }) => deliver(item, handle)),
      finalize(() => {
        cancel.abort();
        for (const handle of undelivered) handle[Symbol.dispose]();
        undelivered.clear();
        disposals.next();
      }),
    );
  });
}
