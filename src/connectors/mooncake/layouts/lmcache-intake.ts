import { MAX_METADATA_BYTES } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { parseRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { type IntakePlace, ValueIntake } from '../../intake/value-intake.js';
import { type FetchOutcome } from '../../remote-connector.interface.js';

const INT_BYTES = 4;
const HEAD_BYTES = 2 * INT_BYTES;
const GROUP_BYTES = 5 * INT_BYTES;
/** As many as the arena keeps. */
const MAX_GROUPS = Math.floor((MAX_METADATA_BYTES - HEAD_BYTES) / GROUP_BYTES);
export const MAX_LMCACHE_HEADER_BYTES = HEAD_BYTES + MAX_GROUPS * GROUP_BYTES;
const DISCARD = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * An object of LMCache's: RemoteMetadata, which does not say how long it is itself, and as many bytes as its first number
 * says: so all that is in front of these is metadata.
 */
export class LmcacheIntake implements ChunkIntake {
  readonly #place: IntakePlace;
  readonly #key: ChunkKey;
  readonly #totalBytes: number;
  #header = Buffer.alloc(INT_BYTES);
  #received = 0;
  #value: ValueIntake | undefined;
  #isDamaged: boolean;

  constructor(place: IntakePlace, key: ChunkKey, totalBytes: number) {
    this.#place = place;
    this.#key = key;
    this.#totalBytes = totalBytes;
    this.#isDamaged = totalBytes < HEAD_BYTES + GROUP_BYTES;
  }

  get remainingBytes(): number {
    return this.#totalBytes - this.#received;
  }

  get discards(): boolean {
    return this.#value?.discards ?? this.#isDamaged;
  }

  target(maxBytes: number): Buffer {
    if (this.#value !== undefined) return this.#value.target(maxBytes);
    const place = this.#isDamaged ? DISCARD : this.#header.subarray(this.#received);
    return place.subarray(0, Math.min(maxBytes, this.remainingBytes));
  }

  advance(bytes: number): void {
    this.#received += bytes;
    if (this.#value !== undefined) this.#value.advance(bytes);
    else if (!this.#isDamaged && this.#received === this.#header.length) this.#openHeader();
  }

  write(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length && this.remainingBytes > 0) {
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
    const lengthBytes = this.#header.readInt32LE(0);
    const headerBytes = this.#totalBytes - lengthBytes;
    const groups = (headerBytes - HEAD_BYTES) / GROUP_BYTES;
    if (lengthBytes < 0 || !Number.isInteger(groups) || groups < 1 || groups > MAX_GROUPS)
      this.#isDamaged = true;
    else if (this.#header.length < headerBytes) this.#header = Buffer.concat([this.#header], headerBytes);
    else this.#openValue(lengthBytes);
  }

  #openValue(lengthBytes: number): void {
    if (parseRemoteMetadata(this.#header) === undefined) this.#isDamaged = true;
    else this.#value = new ValueIntake(this.#place, { key: this.#key, lengthBytes, metadata: this.#header });
  }
}
