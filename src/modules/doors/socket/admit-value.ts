import { ExtentWriter } from '../../../arena/extent-writer.js';
import { chain, type Awaitable } from '../../../common/awaitable.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type ObjectStore, type ReserveOptions } from '../../engine/object-store.interface.js';
import { IncomingValue } from './incoming-value.js';

export interface AdmitOptions extends ReserveOptions {
  readonly maxValueBytes: number;
}

/** Room for a value that a client is about to send: in the arena, or nowhere. It may have to wait for it. */
export function admitValue(
  store: ObjectStore,
  key: ChunkKey,
  lengthBytes: number,
  { maxValueBytes, ...room }: AdmitOptions,
): Awaitable<IncomingValue> {
  if (lengthBytes > maxValueBytes) return IncomingValue.toNowhere(lengthBytes, 'too-large');
  return chain(store.reserve(key, lengthBytes, room), (reserved) =>
    'refused' in reserved
      ? IncomingValue.toNowhere(lengthBytes, reserved.refused)
      : IncomingValue.intoArena(
          reserved,
          new ExtentWriter(reserved.views, (bytes, previous) => store.crc32c(bytes, previous)),
        ),
  );
}
