import { type MatchKeys } from './native/native.types.js';

/** The memory under an arena. */
export interface Region {
  readonly buffer: ArrayBuffer;
  /** Whether other processes can map it. */
  readonly shared: boolean;
  /** Its file under /dev/shm, if it has one. */
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
