import { type MatchKeys } from './native/native.types.js';

/** The memory under an arena. */
export interface Region {
  readonly buffer: ArrayBuffer;
  /** Of the addon; false: of JavaScript's heap. */
  readonly native: boolean;
  /** Its file under /dev/shm, where other processes can map it, if it has one. */
  readonly name: string | undefined;
  /** Gives the memory back and detaches `buffer`, and with it every view. Idempotent. */
  close(): void;
}

/** What works on bytes of the region, natively or not. */
export interface RegionOperations {
  /** CRC-32C, chained by `previous`. */
  crc32c(bytes: Uint8Array, previous: number): number;
  /** Compares keys with those of records; absent where that is no faster natively. */
  readonly matchKeys?: MatchKeys;
}
