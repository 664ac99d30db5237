import { Observable } from 'rxjs';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkSource, type Loaded, type PrefixReadOptions } from './prefix-read.interface.js';
import { PrefixRead } from './prefix-read.js';

/**
 * The chunks of a prefix, in order, until the first that is missing. Unsubscribing gives everything back that was not
 * delivered.
 */
export function readAhead<T extends { readonly key: ChunkKey }>(
  items: readonly T[],
  source: ChunkSource,
  options: PrefixReadOptions,
): Observable<Loaded<T>> {
  return new Observable((subscriber) => {
    const keys = items.map(({ key }) => key);
    const read = new PrefixRead(keys, source, options, {
      deliver: (index, handle) => subscriber.next({ item: items[index] as T, handle }),
      end: () => subscriber.complete(),
      fail: (error) => subscriber.error(error),
    });
    subscriber.add(() => read.cancel());
    read.start();
  });
}
