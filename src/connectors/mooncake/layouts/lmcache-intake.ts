import { MAX_METADATA_BYTES } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { parseRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { HeadedIntake } from '../../intake/headed-intake.js';
import { type IntakePlace, ValueIntake } from '../../intake/value-intake.js';

const INT_BYTES = 4;
const HEAD_BYTES = 2 * INT_BYTES;
const GROUP_BYTES = 5 * INT_BYTES;
/** As many as the arena keeps. */
const MAX_GROUPS = Math.floor((MAX_METADATA_BYTES - HEAD_BYTES) / GROUP_BYTES);
export const MAX_LMCACHE_HEADER_BYTES = HEAD_BYTES + MAX_GROUPS * GROUP_BYTES;

/**
 * An object of LMCache's: RemoteMetadata, which does not say how long it is itself, and as many bytes as its first number
 * says: so all that is in front of these is metadata.
 */
export class LmcacheIntake extends HeadedIntake {
  readonly #place: IntakePlace;
  readonly #key: ChunkKey;

  constructor(place: IntakePlace, key: ChunkKey, totalBytes: number) {
    super(totalBytes, INT_BYTES, HEAD_BYTES + GROUP_BYTES);
    this.#place = place;
    this.#key = key;
  }

  protected override headerBytes(first: Buffer, totalBytes: number): number | undefined {
    const lengthBytes = first.readInt32LE(0);
    const headerBytes = totalBytes - lengthBytes;
    const groups = (headerBytes - HEAD_BYTES) / GROUP_BYTES;
    const isHeader = lengthBytes >= 0 && Number.isInteger(groups) && groups >= 1 && groups <= MAX_GROUPS;
    return isHeader ? headerBytes : undefined;
  }

  protected override openValue(header: Buffer, lengthBytes: number): ValueIntake | undefined {
    if (parseRemoteMetadata(header) === undefined) return undefined;
    return new ValueIntake(this.#place, { key: this.#key, lengthBytes, metadata: header });
  }
}
