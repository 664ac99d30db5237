import { from, mergeMap, type Observable } from 'rxjs';
import { type Awaitable, chain } from '../../../common/awaitable.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';

/** What begins with chunks that may be known only later. */
export function beginWith<T, U>(chunks: Awaitable<T>, begin: (chunks: T) => Observable<U>): Observable<U> {
  return chunks instanceof Promise ? from(chunks).pipe(mergeMap(begin)) : begin(chunks);
}

/**
 * As `beginWith`.
 *
 * @param begin makes what does nothing until it is subscribed to. What it throws without keys is thrown at once.
 */
export function beginWithKeys<U>(
  keys: Awaitable<readonly ChunkKey[]>,
  begin: (keys: readonly ChunkKey[]) => Observable<U>,
): Observable<U> {
  if (keys instanceof Promise) begin([]);
  return beginWith(keys, begin);
}

/** How many of the keys something was done for. */
export function countWithKeys(
  keys: Awaitable<readonly ChunkKey[]>,
  change: (keys: readonly ChunkKey[]) => Awaitable<readonly boolean[]>,
): Awaitable<number> {
  return chain(chain(keys, change), (flags) => flags.filter(Boolean).length);
}
