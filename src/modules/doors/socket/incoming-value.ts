import { type ExtentWriter } from '../../../arena/extent-writer.js';
import { type PutReservation } from '../../engine/object-store.interface.js';
import { type DropReason } from './drop-reason.js';

/**
 * One read takes at most this much, so that other connections have their turn. Smaller reads leave more bytes in the
 * processor's cache for the checksum, and cost more than that saves where a value is longer than the kernel's buffers.
 */
const MAX_READ_BYTES = 2 * 1024 * 1024;
/** Where bytes go that nobody wants. One for all connections: its contents are never looked at. */
const waste = Buffer.alloc(64 * 1024);

/** Bytes of a value that arrived whole, in the arena. Belongs to the receiver, who disposes it. */
export interface ReceivedChunk extends Disposable {
  readonly reservation: PutReservation;
  readonly checksum: number;
}

/**
 * A value on its way in: to the arena, to a small buffer on the heap, or to nowhere, when it was not admitted. Whoever
 * gives the value up, it keeps taking bytes until it has all: the stream stays intact.
 */
export class IncomingValue implements Disposable {
  #remainingBytes: number;
  #reservation: PutReservation | undefined;
  #writer: ExtentWriter | undefined;
  #collected: Buffer | undefined;
  #dropped: DropReason | undefined;

  private constructor(readonly lengthBytes: number) {
    this.#remainingBytes = lengthBytes;
  }

  static intoArena(reservation: PutReservation, writer: ExtentWriter): IncomingValue {
    const value = new IncomingValue(reservation.lengthBytes);
    value.#reservation = reservation;
    value.#writer = writer;
    return value;
  }

  static intoHeap(lengthBytes: number): IncomingValue {
    const value = new IncomingValue(lengthBytes);
    value.#collected = Buffer.allocUnsafeSlow(lengthBytes);
    return value;
  }

  static toNowhere(lengthBytes: number, reason: DropReason): IncomingValue {
    const value = new IncomingValue(lengthBytes);
    value.#dropped = reason;
    return value;
  }

  get remainingBytes(): number {
    return this.#remainingBytes;
  }

  /** Why the value will not be kept. */
  get dropped(): DropReason | undefined {
    return this.#dropped;
  }

  /** The value, once whole, when it was collected on the heap. */
  get collected(): Buffer | undefined {
    return this.#collected;
  }

  /** Where the next bytes go; `advance` tells how many came. */
  target(): Buffer {
    const max = Math.min(this.#remainingBytes, MAX_READ_BYTES);
    if (this.#writer !== undefined) return this.#writer.target(max);
    if (this.#collected !== undefined) {
      return this.#collected.subarray(this.lengthBytes - this.#remainingBytes);
    }
    return waste.subarray(0, Math.min(max, waste.length));
  }

  advance(bytes: number): void {
    this.#writer?.advance(bytes);
    this.#remainingBytes -= bytes;
  }

  /** Copies in bytes that arrived elsewhere. */
  write(chunk: Buffer): void {
    if (this.#writer !== undefined) this.#writer.write(chunk);
    else if (this.#collected !== undefined)
      chunk.copy(this.#collected, this.lengthBytes - this.#remainingBytes);
    this.#remainingBytes -= chunk.length;
  }

  /** Gives up what is held. The bytes still to come are read and dropped. */
  abandon(reason: DropReason): void {
    this[Symbol.dispose]();
    this.#dropped ??= reason;
  }

  /** The whole value, when it lies in the arena; from now on it is the caller's. */
  takeChunk(): ReceivedChunk | undefined {
    const reservation = this.#reservation;
    const checksum = this.#writer?.checksum;
    if (reservation === undefined || checksum === undefined || this.#remainingBytes > 0) return undefined;
    this.#reservation = undefined;
    return { reservation, checksum, [Symbol.dispose]: () => reservation[Symbol.dispose]() };
  }

  [Symbol.dispose](): void {
    this.#reservation?.[Symbol.dispose]();
    this.#reservation = undefined;
    this.#writer = undefined;
    this.#collected = undefined;
  }
}
