import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type SealedHeader } from '../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';

/** A record of the medium, and what is being done to it. */
export interface StoredChunk {
  readonly id: number;
  readonly key: ChunkKey;
  header: SealedHeader;
  /** Settles when everything that was begun with this record is done. */
  tail: Promise<unknown>;
  /** The chunk itself, until it is written. */
  writing: ArenaHandle | undefined;
}

export function headerOf(handle: ArenaHandle): SealedHeader {
  const { depth, expiresAtMs, encoded, loss } = handle.attributes;
  return {
    name: formatStoreKey(handle.key),
    lengthBytes: handle.lengthBytes,
    checksum: handle.checksum,
    metadata: Buffer.from(handle.metadata),
    depth,
    expiresAtMs,
    form: { encoded, loss },
  };
}
