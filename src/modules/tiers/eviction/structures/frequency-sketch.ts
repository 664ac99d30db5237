const ROWS = 4;
const MOST = 15;
const SEEDS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;
/** Counts after which all counters have been halved once, for each column of the sketch. */
const HALVING = 10;
const LEAST_COLUMNS = 1024;

/**
 * How often keys were asked for lately, at most 15 times: a count-min sketch. Counters are halved in turn, a few at each count, so
 * no call takes long.
 */
export class FrequencySketch {
  #columns = LEAST_COLUMNS;
  #counters = new Uint8Array(ROWS * LEAST_COLUMNS);
  #nextHalved = 0;
  #due = 0;

  get allocatedBytes(): number {
    return this.#counters.byteLength;
  }

  /** Makes it as wide as so many keys need. What was counted is forgotten when it grows. */
  fit(keys: number): void {
    if (keys <= this.#columns) return;
    this.#columns = 2 ** Math.ceil(Math.log2(keys));
    this.#counters = new Uint8Array(ROWS * this.#columns);
    this.#nextHalved = 0;
  }

  /** @param word one of the digest. */
  count(word: number): void {
    const least = this.estimate(word);
    if (least < MOST) {
      for (let row = 0; row < ROWS; row++) {
        const at = this.#place(word, row);
        if (this.#counters[at] === least) this.#counters[at] = least + 1;
      }
    }
    this.#halveSome();
  }

  estimate(word: number): number {
    let least = MOST;
    for (let row = 0; row < ROWS; row++) {
      least = Math.min(least, this.#counters[this.#place(word, row)] as number);
    }
    return least;
  }

  #place(word: number, row: number): number {
    const mixed = Math.imul(word ^ (word >>> 15), SEEDS[row] as number);
    return row * this.#columns + ((mixed ^ (mixed >>> 13)) & (this.#columns - 1));
  }

  #halveSome(): void {
    this.#due += ROWS / HALVING;
    for (; this.#due >= 1; this.#due--) {
      this.#counters[this.#nextHalved] = (this.#counters[this.#nextHalved] as number) >>> 1;
      this.#nextHalved = (this.#nextHalved + 1) % this.#counters.length;
    }
  }
}
