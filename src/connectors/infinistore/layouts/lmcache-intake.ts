import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { parseRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { type ChunkIntake } from '../../intake/chunk-intake.interface.js';
import { type IntakePlace, ValueIntake } from '../../intake/value-intake.js';
import { type FetchOutcome } from '../../remote-connector.interface.js';
import { HEALING_BYTES } from '../infinistore-client.js';

/** RemoteMetadata of one tensor. */
export const LMCACHE_HEADER_BYTES = 28;
const DISCARD = Buffer.allocUnsafeSlow(64 * 1024);

/** A value of LMCache's: RemoteMetadata, so many bytes as it says, and what may be behind them, which goes nowhere. */
export class LmcacheIntake implements ChunkIntake {
  readonly #place: IntakePlace;
  readonly #key: ChunkKey;
  readonly #totalBytes: number;
  readonly #header: Buffer;
  #received = 0;
  #value: ValueIntake | undefined;

  constructor(place: IntakePlace, key: ChunkKey, totalBytes: number) {
    this.#place = place;
    this.#key = key;
    this.#totalBytes = totalBytes;
    this.#header = Buffer.alloc(Math.min(LMCACHE_HEADER_BYTES, totalBytes));
  }

  get remainingBytes(): number {
    return this.#totalBytes - this.#received;
  }

  get discards(): boolean {
    return this.#received >= LMCACHE_HEADER_BYTES && this.#value?.discards !== false;
  }

  target(maxBytes: number): Buffer {
    if (this.#received < this.#header.length)
      return this.#header.subarray(this.#received, this.#received + maxBytes);
    if (this.#value !== undefined && this.#value.remainingBytes > 0) return this.#value.target(maxBytes);
    return DISCARD.subarray(0, Math.min(maxBytes, this.remainingBytes));
  }

  advance(bytes: number): void {
    const isHeader = this.#received < this.#header.length;
    this.#received += bytes;
    if (isHeader) {
      if (this.#received === LMCACHE_HEADER_BYTES) this.#open();
    } else if (this.#value !== undefined && this.#value.remainingBytes > 0) this.#value.advance(bytes);
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
    return this.#value?.finish() ?? (this.#totalBytes === HEALING_BYTES ? 'miss' : 'corrupt');
  }

  [Symbol.dispose](): void {
    this.#value?.[Symbol.dispose]();
  }

  #open(): void {
    const lengthBytes = parseRemoteMetadata(this.#header)?.lengthBytes;
    if (lengthBytes === undefined || lengthBytes > this.#totalBytes - LMCACHE_HEADER_BYTES) return;
    this.#value = new ValueIntake(this.#place, { key: this.#key, lengthBytes, metadata: this.#header });
  }
}
