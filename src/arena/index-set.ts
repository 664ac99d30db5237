function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/**
 * A set of the integers 0 … size - 1 as a bitmap with bitmaps of its non-empty words above it, so that the nearest
 * member is found in as many steps as there are levels: five for a billion.
 */
export class IndexSet {
  readonly #words: Int32Array;
  readonly #size: number;
  /** First word of each level, lowest level first, and one past the last. */
  readonly #base: number[];

  /** @param words all zero, at least `IndexSet.wordsFor(size)` of them. */
  constructor(words: Int32Array, size: number) {
    this.#words = words;
    this.#size = size;
    this.#base = IndexSet.#bases(size);
  }

  static wordsFor(size: number): number {
    return IndexSet.#bases(size).at(-1) as number;
  }

  static #bases(size: number): number[] {
    const base = [0];
    let words = size;
    do {
      words = Math.ceil(words / 32);
      base.push((base.at(-1) as number) + words);
    } while (words > 1);
    return base;
  }

  has(index: number): boolean {
    return (((this.#words[index >>> 5] as number) >>> (index & 31)) & 1) === 1;
  }

  add(index: number): void {
    for (let level = 0; level + 1 < this.#base.length; level++) {
      const at = (this.#base[level] as number) + (index >>> 5);
      const word = this.#words[at] as number;
      this.#words[at] = word | (1 << (index & 31));
      if (word !== 0) return;
      index >>>= 5;
    }
  }

  delete(index: number): void {
    for (let level = 0; level + 1 < this.#base.length; level++) {
      const at = (this.#base[level] as number) + (index >>> 5);
      const word = (this.#words[at] as number) & ~(1 << (index & 31));
      this.#words[at] = word;
      if (word !== 0) return;
      index >>>= 5;
    }
  }

  /** @returns the smallest member that is not below `index`, or -1. */
  ceiling(index: number): number {
    if (index >= this.#size) return -1;
    for (let level = 0; ; level++) {
      const base = this.#base[level] as number;
      const at = base + (index >>> 5);
      if (at >= (this.#base[level + 1] as number)) return -1;
      const word = (this.#words[at] as number) & (-1 << (index & 31));
      if (word !== 0) return this.#descend(level, (index & ~31) | lowestBit(word), lowestBit);
      if (level + 2 === this.#base.length) return -1;
      index = (index >>> 5) + 1;
    }
  }

  /** @returns the largest member that is not above `index`, or -1. */
  floor(index: number): number {
    for (let level = 0; index >= 0; level++) {
      const word =
        (this.#words[(this.#base[level] as number) + (index >>> 5)] as number) & (-1 >>> (31 - (index & 31)));
      if (word !== 0) return this.#descend(level, (index & ~31) | highestBit(word), highestBit);
      if (level + 2 === this.#base.length) return -1;
      index = (index >>> 5) - 1;
    }
    return -1;
  }

  #descend(level: number, index: number, pick: (word: number) => number): number {
    while (--level >= 0) {
      const word = this.#words[(this.#base[level] as number) + index] as number;
      index = (index << 5) | pick(word);
    }
    return index;
  }
}

function highestBit(word: number): number {
  return 31 - Math.clz32(word);
}
