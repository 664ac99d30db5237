import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type SpareChunk } from './ahead-read.interface.js';

/** The chunks of a prefix that are loaded, and that the receiver does not have yet. */
export class LoadedChunks {
  readonly #handles = new Map<number, ArenaHandle>();
  /** Those that others get no room from: they gave theirs up before, or were there at once and would be again. */
  readonly #firm = new Set<number>();

  add(index: number, handle: ArenaHandle): void {
    this.#handles.set(index, handle);
  }

  has(index: number): boolean {
    return this.#handles.has(index);
  }

  /** From now on others get no room from this chunk. */
  hold(index: number): void {
    this.#firm.add(index);
  }

  isFirm(index: number): boolean {
    return this.#firm.has(index);
  }

  /** It is here no more, and belongs to the caller. */
  take(index: number): ArenaHandle | undefined {
    const handle = this.#handles.get(index);
    this.#handles.delete(index);
    return handle;
  }

  /** Those from number `first` on. */
  from(first: number): readonly number[] {
    return [...this.#handles.keys()].filter((index) => index >= first);
  }

  /** -1 where there is none. */
  get furthest(): number {
    let furthest = -1;
    for (const index of this.#handles.keys()) if (index > furthest) furthest = index;
    return furthest;
  }

  /** What others can get room from. @param next the number of the chunk that the receiver gets next. */
  spare(next: number): readonly SpareChunk[] {
    const spare: SpareChunk[] = [];
    for (const [index, { slot }] of this.#handles) {
      if (!this.#firm.has(index)) spare.push({ index, distance: index - next, slot });
    }
    return spare;
  }
}
