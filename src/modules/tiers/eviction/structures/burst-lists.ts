import { EntryPool } from '../../../../backends/residency/entry-pool.js';
import { PagedColumn } from '../../../../common/paged-column.js';
import { BurstChains } from './burst-chains.js';
import { EntryQueues } from './entry-queues.js';

const NONE = 0;
const UNKNOWN = 0;
const DEEPEST = 0xffff;
/** Bursts of one prefix that are looked at to find its end. */
const LONGEST_WALK = 8;

/**
 * Entries by bursts: chunks of one prefix that were read or written one after the other, known by their depths. A burst is of one
 * kind; those of a kind stand in the order in which they began. A chunk whose depth is not known is a burst of its own. 51 bytes
 * for an entry, where each is a burst of its own; links are entries plus one.
 */
export class BurstLists {
  readonly #bursts: EntryQueues;
  readonly #numbers = new EntryPool();
  readonly #beganAt = new PagedColumn(Float64Array);
  readonly #first = new PagedColumn(Uint32Array);
  readonly #last = new PagedColumn(Uint32Array);
  /** Burst plus one, 0 = in none. */
  readonly #burst = new PagedColumn(Uint32Array);
  readonly #next = new PagedColumn(Uint32Array);
  readonly #previous = new PagedColumn(Uint32Array);
  /** Depth plus one, 0 = unknown. */
  readonly #depth = new PagedColumn(Uint16Array);
  /** For each kind the burst that goes on, -1 = the next entry begins one. */
  readonly #open: number[];
  readonly #chains = new BurstChains();
  #lastDepth = UNKNOWN;
  /** What was added last, -1 = nothing. */
  #lastEntry = -1;

  constructor(kinds: number) {
    this.#bursts = new EntryQueues(kinds);
    this.#open = Array<number>(kinds).fill(-1);
  }

  get allocatedBytes(): number {
    const links = [this.#first, this.#last, this.#burst, this.#next, this.#previous];
    const parts = [...links, this.#bursts, this.#numbers, this.#beganAt, this.#depth, this.#chains];
    return parts.reduce((sum, part) => sum + part.allocatedBytes, 0);
  }

  setDepth(entry: number, depth: number): void {
    this.#depth.set(entry, Math.min(depth + 1, DEEPEST));
  }

  /** The burst that an entry is in, -1 = none. */
  burstOf(entry: number): number {
    return this.#burst.get(entry) - 1;
  }

  /** -1 when there is no burst of the kind. */
  oldest(kind: number): number {
    return this.#bursts.oldest(kind);
  }

  /** -1 when there is no burst of the kind. */
  newest(kind: number): number {
    return this.#bursts.newest(kind);
  }

  kindOf(burst: number): number {
    return this.#bursts.queueOf(burst);
  }

  beganAt(burst: number): number {
    return this.#beganAt.get(burst);
  }

  /** Some entry of a burst. */
  first(burst: number): number {
    return this.#first.get(burst) - 1;
  }

  /** The entry to give up before all others of a burst: the deepest of it, and of what goes on behind it in the same prefix. */
  deepest(burst: number): number {
    let end = burst;
    for (let step = 0; step < LONGEST_WALK; step++) {
      const deeper = this.#chains.deeperThan(end);
      if (deeper === -1) break;
      end = deeper;
    }
    const first = this.#first.get(end) - 1;
    const last = this.#last.get(end) - 1;
    return this.#depth.get(first) > this.#depth.get(last) ? first : last;
  }

  /** Whether an entry that is added now comes behind one that was added right before it, and is gone already. */
  isOrphan(entry: number): boolean {
    const depth = this.#depth.get(entry);
    return depth > 1 && depth - 1 === this.#lastDepth && this.burstOf(this.#lastEntry) === -1;
  }

  /**
   * Adds an entry that is in no burst: to the one that goes on, if it is its neighbour, else to one that begins now.
   * @param parent the entry in front of it in its prefix, -1 = unknown.
   */
  add(entry: number, kind: number, now: number, parent = -1): void {
    const depth = this.#depth.get(entry);
    const isNeighbour = areNeighbours(depth, this.#lastDepth);
    if (!isNeighbour) this.#open.fill(-1);
    let burst = this.#open[kind] as number;
    if (burst === -1) {
      burst = this.#open[kind] = this.#begin(kind, now);
      if (isNeighbour) this.#chain(burst, depth);
      else if (parent !== -1 && this.burstOf(parent) !== -1) this.#chains.link(this.burstOf(parent), burst);
    }
    this.#append(burst, entry);
    this.#lastDepth = depth;
    this.#lastEntry = entry;
  }

  /** Takes an entry out of its burst, if it is in one. */
  remove(entry: number): void {
    const burst = this.burstOf(entry);
    if (burst === -1) return;
    const next = this.#next.get(entry);
    const previous = this.#previous.get(entry);
    if (previous === NONE) this.#first.set(burst, next);
    else this.#next.set(previous - 1, next);
    if (next === NONE) this.#last.set(burst, previous);
    else this.#previous.set(next - 1, previous);
    this.#burst.set(entry, NONE);
    if (this.#first.get(burst) === NONE) this.#end(burst);
  }

  #append(burst: number, entry: number): void {
    const last = this.#last.get(burst);
    this.#previous.set(entry, last);
    this.#next.set(entry, NONE);
    if (last === NONE) this.#first.set(burst, entry + 1);
    else this.#next.set(last - 1, entry + 1);
    this.#last.set(burst, entry + 1);
    this.#burst.set(entry, burst + 1);
  }

  /** Links a new burst with that of its neighbour. */
  #chain(burst: number, depth: number): void {
    const neighbour = this.burstOf(this.#lastEntry);
    if (neighbour === -1) return;
    if (depth > this.#lastDepth) this.#chains.link(neighbour, burst);
    else this.#chains.link(burst, neighbour);
  }

  #begin(kind: number, now: number): number {
    const burst = this.#numbers.allocate();
    this.#beganAt.set(burst, now);
    this.#bursts.add(kind, burst);
    return burst;
  }

  #end(burst: number): void {
    const kind = this.kindOf(burst);
    if (this.#open[kind] === burst) this.#open[kind] = -1;
    this.#chains.unlink(burst);
    this.#bursts.remove(burst);
    this.#numbers.free(burst);
  }
}

function areNeighbours(depth: number, other: number): boolean {
  return depth !== UNKNOWN && other !== UNKNOWN && Math.abs(depth - other) === 1;
}
