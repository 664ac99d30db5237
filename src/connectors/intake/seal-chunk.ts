import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Crc32c, encodeSealedHeader } from '../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';

/** What to write for a sealed chunk: the header, then the views of the arena. Nothing is copied. */
export function sealChunk(chunk: ArenaHandle, crc32c: Crc32c): readonly Buffer[] {
  const { depth, expiresAtMs } = chunk.attributes;
  const header = encodeSealedHeader(
    {
      name: formatStoreKey(chunk.key),
      lengthBytes: chunk.lengthBytes,
      checksum: chunk.checksum,
      metadata: chunk.metadata,
      depth,
      expiresAtMs,
    },
    crc32c,
  );
  return [header, ...chunk.views];
}
