import { seededRandom } from '../../src/common/seeded-random.js';

// Globals are slow to look up under jest.
const { floor } = Math;

/** A small generator of repeatable choices. */
export class SeededRandom {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** An integer of 0 to `bound - 1`. */
  below(bound: number): number {
    return floor(this.#next() * bound);
  }

  /** True in `share` of all calls. */
  chance(share: number): boolean {
    return this.#next() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
