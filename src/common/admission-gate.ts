import { type Awaitable } from './awaitable.js';

interface Waiter {
  readonly bytes: number;
  readonly resolve: (admitted: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/** What a put on its way counts at least: it takes a record of the arena and some heap, however small it is. */
export const MIN_PENDING_BYTES = 512 * 1024;

/**
 * Bounds the bytes that are on their way to something slow, such as the slowest tier, so that a fast client is slowed
 * to its pace instead of filling the arena with chunks that nothing may evict.
 */
export class AdmissionGate {
  #bytes = 0;
  readonly #waiters: Waiter[] = [];

  /** @param minBytes what a chunk counts at least, so that the number of those inside is bounded, too. */
  constructor(
    private readonly maxBytes: number,
    private readonly timeoutMs: number,
    private readonly minBytes = 0,
  ) {}

  /** Bytes inside, as they count. */
  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /**
   * Lets a chunk of this length in, at once or when others have left; a single chunk larger than the bound goes in alone.
   *
   * @returns false when there was no room in time; then nothing was let in.
   */
  enter(lengthBytes: number): Awaitable<boolean> {
    const bytes = this.#count(lengthBytes);
    if (this.#waiters.length === 0 && this.#fits(bytes)) {
      this.#bytes += bytes;
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        resolve(false);
        this.#admit();
      }, this.timeoutMs);
      const waiter: Waiter = { bytes, resolve, timer };
      this.#waiters.push(waiter);
    });
  }

  leave(lengthBytes: number): void {
    this.#bytes -= this.#count(lengthBytes);
    this.#admit();
  }

  /** Turns away all who wait. */
  close(): void {
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.resolve(false);
    }
  }

  #count(lengthBytes: number): number {
    return Math.max(lengthBytes, this.minBytes);
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.maxBytes;
  }

  #admit(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiters[0]) {
      this.#waiters.shift();
      clearTimeout(next.timer);
      this.#bytes += next.bytes;
      next.resolve(true);
    }
  }
}
