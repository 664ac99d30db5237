/** Ghosts whose digests share a set; a set that is full forgets the one that it has for the longest time. */
const WAYS = 16;
const NOTE_BITS = 14;
const NOTE_MASK = (1 << NOTE_BITS) - 1;
const MARK_SHIFT = NOTE_BITS;

/**
 * What is remembered of chunks that are gone: a note of 14 bits under the digest of the key, 4 bytes each. Of the digest 18
 * bits and the place in the table are compared, so of 16,000 chunks that were never there about one is taken for a ghost.
 */
export class GhostTable {
  readonly #words: Uint32Array;
  readonly #sets: number;

  /** @param ghosts how many it has room for. */
  constructor(ghosts: number) {
    this.#sets = Math.max(1, Math.ceil(ghosts / WAYS));
    this.#words = new Uint32Array(this.#sets * WAYS);
  }

  get allocatedBytes(): number {
    return this.#words.byteLength;
  }

  /** @param first, second two words of the digest. */
  put(first: number, second: number, note: number): void {
    const start = this.#setOf(first);
    this.#words.copyWithin(start + 1, start, start + WAYS - 1);
    this.#words[start] = markOf(second) | note;
  }

  /** Forgets a ghost. @returns its note, -1 when there is none. */
  take(first: number, second: number): number {
    const start = this.#setOf(first);
    const mark = markOf(second);
    for (let at = start; at < start + WAYS; at++) {
      const word = this.#words[at] as number;
      if ((word & ~NOTE_MASK) !== mark) continue;
      this.#words.copyWithin(at, at + 1, start + WAYS);
      this.#words[start + WAYS - 1] = 0;
      return word & NOTE_MASK;
    }
    return -1;
  }

  #setOf(first: number): number {
    return Math.floor((first / 2 ** 32) * this.#sets) * WAYS;
  }
}

/** Never 0, which is that of a free place. */
function markOf(second: number): number {
  const mark = second & ~NOTE_MASK;
  return mark === 0 ? 1 << MARK_SHIFT : mark;
}
