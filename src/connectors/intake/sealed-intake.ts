import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import {
  parseSealedHeader,
  SEALED_FIXED_BYTES,
  sealedHeaderLength,
} from '../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { type FetchOutcome } from '../remote-connector.interface.js';
import { type ChunkIntake } from './chunk-intake.interface.js';
import { type IntakePlace, ValueIntake } from './value-intake.js';

const DISCARD = Buffer.alloc(64 * 1024);

/** A sealed chunk: first its header, then the bytes. What is damaged or belongs to another name is `corrupt`. */
export class SealedIntake implements ChunkIntake {
  readonly #place: IntakePlace;
  readonly #key: ChunkKey;
  readonly #totalBytes: number;
  #header: Buffer;
  #received = 0;
  /** Undefined while the header comes in, and for good when it is none. */
  #value: ValueIntake | undefined;
  #damaged = false;

  constructor(place: IntakePlace, key: ChunkKey, totalBytes: number) {
    this.#place = place;
    this.#key = key;
    this.#totalBytes = totalBytes;
    this.#header = Buffer.alloc(SEALED_FIXED_BYTES);
    this.#damaged = totalBytes < SEALED_FIXED_BYTES;
  }

  get remainingBytes(): number {
    return this.#totalBytes - this.#received;
  }

  get discards(): boolean {
    return this.#value?.discards ?? this.#damaged;
  }

  target(maxBytes: number): Buffer {
    if (this.#value !== undefined) return this.#value.target(maxBytes);
    const place = this.#damaged ? DISCARD : this.#header.subarray(this.#received);
    return place.subarray(0, Math.min(maxBytes, this.remainingBytes));
  }

  advance(bytes: number): void {
    this.#received += bytes;
    if (this.#value !== undefined) this.#value.advance(bytes);
    else if (!this.#damaged && this.#received === this.#header.length) this.#openHeader();
  }

  write(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length && this.remainingBytes > 0) {
      if (this.#value !== undefined) {
        const more = this.#value.write(bytes.subarray(taken));
        this.#received += more;
        return taken + more;
      }
      const target = this.target(bytes.length - taken);
      target.set(bytes.subarray(taken, taken + target.length));
      this.advance(target.length);
      taken += target.length;
    }
    return taken;
  }

  finish(): FetchOutcome {
    return this.#value?.finish() ?? 'corrupt';
  }

  [Symbol.dispose](): void {
    this.#value?.[Symbol.dispose]();
  }

  #openHeader(): void {
    const length = sealedHeaderLength(this.#header);
    if (length === undefined || length > this.#totalBytes) this.#damaged = true;
    else if (this.#header.length < length) this.#header = Buffer.concat([this.#header], length);
    else this.#openValue(length);
  }

  #openValue(headerBytes: number): void {
    const header = parseSealedHeader(this.#header, this.#place.crc32c);
    const lengthBytes = this.#totalBytes - headerBytes;
    if (header?.name !== formatStoreKey(this.#key) || header.lengthBytes !== lengthBytes) {
      this.#damaged = true;
      return;
    }
    const { metadata, checksum, depth, expiresAtMs } = header;
    this.#value = new ValueIntake(this.#place, {
      key: this.#key,
      lengthBytes,
      checksum,
      ...(metadata.length > 0 && { metadata }),
      attributes: { depth, expiresAtMs },
    });
  }
}
