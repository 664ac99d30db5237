import { type BackendAgent } from '../storage-backend.interface.js';

/** What a medium has from before, as it was given to `write` or `writeHeader`. */
export interface StoredHeader {
  readonly id: number;
  readonly header: Uint8Array;
}

/**
 * Where the bytes of a backend lie, for an author who wants ten minutes: numbered records, each a small header and the
 * bytes of a chunk. `MediumBackend` makes a `StorageBackend` of it and keeps the books: budget, eviction, leases, pins,
 * expiry, checksums, the order of puts and removals of one key.
 *
 * Every record has a number of its own, which is never used twice. Calls for one number come one after the other;
 * calls for different numbers at the same time. Errors are thrown, whatever they are.
 */
export interface ChunkMedium {
  /** What is written is there after a restart. */
  readonly persistent: boolean;
  /** What moves its bytes, where that is a library; the status page tells how it is. */
  readonly agent?: BackendAgent;

  /** @returns the headers of the records that are there, in the order of their numbers. */
  open(): Promise<AsyncIterable<StoredHeader> | Iterable<StoredHeader>>;
  /** All calls have settled. */
  close(): Promise<void>;
  /**
   * Keeps header and bytes, both or nothing, also when the process is killed.
   * @param views the bytes, in order; they must not be kept beyond the call.
   */
  write(id: number, header: Uint8Array, views: readonly Uint8Array[]): Promise<void>;
  /** Another header of the same length for a record that is there. */
  writeHeader(id: number, header: Uint8Array): Promise<void>;
  /** The bytes of a record, without its header. */
  read(id: number): Promise<Uint8Array | undefined>;
  /** Gone for good when it returns, also when the process is killed. */
  delete(id: number): Promise<void>;
}

/** A medium that reads straight into the arena. */
export interface FillingMedium extends Omit<ChunkMedium, 'read'> {
  /**
   * @param views memory of the arena as long as the bytes of the record, in order. Nothing is written to it any more when
   * the promise settles, however it does.
   * @returns the CRC-32C of the bytes; undefined: there is no such record, or it has another length.
   */
  readInto(id: number, views: readonly Uint8Array[]): Promise<number | undefined>;
}
