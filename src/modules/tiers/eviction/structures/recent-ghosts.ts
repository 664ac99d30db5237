import { GhostTable } from './ghost-table.js';

/** Steps in which the age of a ghost is told. */
const STEPS = 64;
const STEP_MASK = (1 << 14) - 1;
/** Places beyond the ghosts that count, because sets of the table fill unevenly. */
const SPARE = 1.5;
const LEAST_GHOSTS = 64;

/** The chunks that left last, as many as there are: what comes back of them was given up too early. */
export class RecentGhosts {
  #table = new GhostTable(LEAST_GHOSTS);
  #room = LEAST_GHOSTS;
  #put = 0;

  get allocatedBytes(): number {
    return this.#table.allocatedBytes;
  }

  /** @param size how many count; those before them are forgotten. */
  put(first: number, second: number, size: number): void {
    if (size > this.#room) this.#grow(2 * size);
    this.#put++;
    this.#table.put(first, second, this.#step & STEP_MASK);
  }

  /** Forgets a ghost. @returns whether it was one of those that count. */
  take(first: number, second: number, size: number): boolean {
    const step = this.#table.take(first, second);
    if (step === -1) return false;
    const age = (this.#step - step) & STEP_MASK;
    return age * this.#stepLength <= size;
  }

  get #stepLength(): number {
    return Math.max(1, this.#room / STEPS);
  }

  get #step(): number {
    return Math.floor(this.#put / this.#stepLength);
  }

  /** What was known is forgotten: that happens a few times, while a tier fills. */
  #grow(room: number): void {
    this.#room = room;
    this.#table = new GhostTable(room * SPARE);
  }
}
