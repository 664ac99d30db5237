import { AGES, scaleAge } from './age-scale.js';

/** Parts that the time for which chunks are followed is told in. */
const EPOCHS = 1024;

/**
 * When chunks of each kind were asked for again, and which are still waited for, there or gone: what their chances are follows from
 * that. Time is a count of reads and writes. A chunk that nobody asked for during the span is not waited for any more.
 */
export class ReuseRecord {
  readonly #kinds: number;
  /** For each kind and age, how many were asked for again at that age. */
  readonly #reused: Float64Array[];
  /** The same of those that were not waited for any longer. */
  readonly #given: Float64Array[];
  /** For each kind and epoch, how many were last asked for in it and are waited for. */
  readonly #waiting: Int32Array[];
  readonly #epochLength: number;
  #epoch: number;

  /** @param spanLength how long a chunk is waited for. @param before what is known already. */
  constructor(kinds: number, spanLength: number, now: number, before?: ReuseRecord) {
    this.#kinds = kinds;
    const ages = (): Float64Array[] => columns(kinds, () => new Float64Array(AGES));
    this.#reused = before === undefined ? ages() : before.#reused;
    this.#given = before === undefined ? ages() : before.#given;
    this.#waiting = columns(kinds, () => new Int32Array(EPOCHS));
    this.#epochLength = Math.max(1, Math.ceil(spanLength / EPOCHS));
    this.#epoch = this.epochAt(now);
    if (before !== undefined) this.#takeOver(before, now);
  }

  get allocatedBytes(): number {
    return this.#kinds * (2 * 8 * AGES + 4 * EPOCHS);
  }

  epochAt(time: number): number {
    return Math.floor(time / this.#epochLength);
  }

  /** The middle of an epoch of which only the last bits are known. */
  timeOf(epochBits: number, mask: number, now: number): number {
    const age = (this.epochAt(now) - epochBits) & mask;
    return Math.max(0, now - age * this.#epochLength);
  }

  /** A chunk, asked for at `since`, which is not long ago, is waited for from now on. */
  wait(kind: number, since: number, now: number): void {
    this.#advance(now);
    const waiting = this.#waiting[kind] as Int32Array;
    const at = placeOf(this.epochAt(since));
    waiting[at] = (waiting[at] as number) + 1;
  }

  /** A chunk of a kind, last asked for at `since`, is asked for again. */
  reuse(kind: number, since: number, now: number): void {
    this.#advance(now);
    add(this.#reused[kind] as Float64Array, now - since, 1);
    const epoch = this.epochAt(since);
    const at = placeOf(epoch);
    const waiting = this.#waiting[kind] as Int32Array;
    if (epoch > this.#epoch - EPOCHS && (waiting[at] as number) > 0) {
      waiting[at] = (waiting[at] as number) - 1;
    }
  }

  reused(kind: number): Float64Array {
    return this.#reused[kind] as Float64Array;
  }

  /** How many were not asked for again so far, by the age that they have, or had when they were given up. */
  unused(kind: number, now: number): Float64Array {
    this.#advance(now);
    const ages = Float64Array.from(this.#given[kind] as Float64Array);
    this.#eachWaiting(kind, (count, since) => add(ages, now - since, count));
    return ages;
  }

  /** What was seen so far counts less from now on. */
  fade(factor: number): void {
    for (const ages of [...this.#reused, ...this.#given]) {
      for (let i = 0; i < AGES; i++) ages[i] = (ages[i] as number) * factor;
    }
  }

  #takeOver(before: ReuseRecord, now: number): void {
    before.#advance(now);
    for (let kind = 0; kind < this.#kinds; kind++) {
      const waiting = this.#waiting[kind] as Int32Array;
      before.#eachWaiting(kind, (count, since) => {
        const epoch = this.epochAt(since);
        if (epoch <= this.#epoch - EPOCHS) add(this.#given[kind] as Float64Array, now - since, count);
        else waiting[placeOf(epoch)] = (waiting[placeOf(epoch)] as number) + count;
      });
    }
  }

  /** @param visit is told of how many there are whose epoch is that of a time. */
  #eachWaiting(kind: number, visit: (count: number, since: number) => void): void {
    const waiting = this.#waiting[kind] as Int32Array;
    for (let epoch = this.#epoch; epoch > this.#epoch - EPOCHS && epoch >= 0; epoch--) {
      const count = waiting[placeOf(epoch)] as number;
      if (count > 0) visit(count, (epoch + 0.5) * this.#epochLength);
    }
  }

  #advance(now: number): void {
    const epoch = this.epochAt(now);
    while (this.#epoch < epoch) {
      this.#epoch++;
      for (let kind = 0; kind < this.#kinds; kind++) this.#giveUp(kind, placeOf(this.#epoch));
    }
  }

  #giveUp(kind: number, at: number): void {
    const waiting = this.#waiting[kind] as Int32Array;
    const count = waiting[at] as number;
    if (count > 0) add(this.#given[kind] as Float64Array, EPOCHS * this.#epochLength, count);
    waiting[at] = 0;
  }
}

function placeOf(epoch: number): number {
  return epoch % EPOCHS;
}

function columns<T>(kinds: number, make: (kind: number) => T): T[] {
  return Array.from({ length: kinds }, (_, kind) => make(kind));
}

function add(ages: Float64Array, age: number, count: number): void {
  const step = Math.floor(scaleAge(age));
  ages[step] = (ages[step] as number) + count;
}
