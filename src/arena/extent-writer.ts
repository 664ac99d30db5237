import { KvError } from '../common/errors/kv-error.js';

/** Bytes after which the checksum catches up: few enough that they are still in the processor's cache. */
const FOLD_BYTES = 128 * 1024;

/**
 * Fills a reservation in order and computes the checksum on the way, while the bytes are in cache. Either read into
 * `target` and report with `advance`, or copy with `write`.
 */
export class ExtentWriter {
  readonly lengthBytes: number;
  readonly #views: readonly Buffer[];
  readonly #crc32c: (bytes: Uint8Array, previous: number) => number;
  #view = 0;
  /** Next free byte of the current view, and the first one that is not in the checksum yet. */
  #position = 0;
  #folded = 0;
  #written = 0;
  #checksum = 0;

  /** @param views of a reserved handle or a reservation of the engine. */
  constructor(views: readonly Buffer[], crc32c: (bytes: Uint8Array, previous: number) => number) {
    this.lengthBytes = views.reduce((sum, view) => sum + view.length, 0);
    this.#views = views.filter((view) => view.length > 0);
    this.#crc32c = crc32c;
  }

  get remainingBytes(): number {
    return this.lengthBytes - this.#written;
  }

  get done(): boolean {
    return this.#written === this.lengthBytes;
  }

  /** CRC-32C of all bytes so far. */
  get checksum(): number {
    this.#fold();
    return this.#checksum;
  }

  /** The next free bytes, without a gap between them: at most `maxBytes`, at least one unless `done`. */
  target(maxBytes: number): Buffer {
    const view = this.#views[this.#view] ?? Buffer.alloc(0);
    return view.subarray(this.#position, Math.min(view.length, this.#position + maxBytes));
  }

  /** So many bytes were written into the last `target`. @throws KV_ARENA_OVERRUN beyond the view. */
  advance(bytes: number): void {
    const view = this.#views[this.#view];
    const room = (view?.length ?? 0) - this.#position;
    if (bytes > room) {
      throw new KvError('KV_ARENA_OVERRUN', `${bytes} bytes written where ${room} had room`, {
        kind: 'internal',
      });
    }
    this.#position += bytes;
    this.#written += bytes;
    if (this.#position === view?.length) {
      this.#fold();
      this.#view++;
      this.#position = this.#folded = 0;
    } else if (this.#position - this.#folded >= FOLD_BYTES) this.#fold();
  }

  /** Copies as much of `chunk` as there is room for. @returns the bytes taken. */
  write(chunk: Uint8Array): number {
    let taken = 0;
    while (taken < chunk.length && !this.done) {
      const target = this.target(FOLD_BYTES);
      const part = chunk.subarray(taken, taken + target.length);
      target.set(part);
      this.advance(part.length);
      taken += part.length;
    }
    return taken;
  }

  #fold(): void {
    const view = this.#views[this.#view];
    if (view === undefined || this.#folded === this.#position) return;
    this.#checksum = this.#crc32c(view.subarray(this.#folded, this.#position), this.#checksum);
    this.#folded = this.#position;
  }
}
