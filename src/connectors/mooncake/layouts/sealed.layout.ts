import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { SEALED_FIXED_BYTES, sealedMetadataBytes } from '../../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { sealChunk } from '../../intake/seal-chunk.js';
import { SealedIntake } from '../../intake/sealed-intake.js';
import { type IntakePlace } from '../../intake/value-intake.js';
import { type EncodedChunk, type MooncakeLayout } from './mooncake-layout.interface.js';

/** No LMCache key begins so, and no escaped one: there a digit follows the first colon. */
const PREFIX = 'kvnest:sealed:';

/** A header with a checksum in front of the bytes: what was overwritten behind the master's back is `corrupt`. */
export class SealedLayout implements MooncakeLayout {
  readonly capabilities = { metadata: 'any', checksum: true } as const;
  readonly maxHeaderBytes = 64 * 1024;
  readonly metadataPeekBytes = SEALED_FIXED_BYTES;

  constructor(private readonly place: IntakePlace) {}

  nameOf(key: ChunkKey): string {
    return PREFIX + formatStoreKey(key);
  }

  /** The header says what the chunk is: where the same one is there already, nothing has to be sent. */
  encode(chunk: ArenaHandle): EncodedChunk {
    return { parts: sealChunk(chunk, this.place.crc32c), whenThere: 'compare' };
  }

  take(key: ChunkKey, lengthBytes: number): ChunkIntake {
    return new SealedIntake(this.place, key, lengthBytes);
  }

  hasMetadata(start: Buffer): boolean {
    return sealedMetadataBytes(start) > 0;
  }
}
