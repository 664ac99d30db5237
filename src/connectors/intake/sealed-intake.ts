import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import {
  parseSealedHeader,
  SEALED_FIXED_BYTES,
  sealedHeaderLength,
} from '../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { HeadedIntake } from './headed-intake.js';
import { type IntakePlace, ValueIntake } from './value-intake.js';

/** A sealed chunk: first its header, then the bytes. What is damaged or belongs to another name is `corrupt`. */
export class SealedIntake extends HeadedIntake {
  readonly #place: IntakePlace;
  readonly #key: ChunkKey;

  constructor(place: IntakePlace, key: ChunkKey, totalBytes: number) {
    super(totalBytes, SEALED_FIXED_BYTES, SEALED_FIXED_BYTES);
    this.#place = place;
    this.#key = key;
  }

  protected override headerBytes(first: Buffer): number | undefined {
    return sealedHeaderLength(first);
  }

  protected override openValue(bytes: Buffer, lengthBytes: number): ValueIntake | undefined {
    const header = parseSealedHeader(bytes, this.#place.crc32c);
    if (header?.name !== formatStoreKey(this.#key) || header.lengthBytes !== lengthBytes) return undefined;
    // Stores that others see have chunks only as they were put.
    if (header.form !== undefined) return undefined;
    const { metadata, checksum, depth, expiresAtMs } = header;
    return new ValueIntake(this.#place, {
      key: this.#key,
      lengthBytes,
      checksum,
      ...(metadata.length > 0 && { metadata }),
      attributes: { depth, expiresAtMs },
    });
  }
}
