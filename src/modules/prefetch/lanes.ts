import { type GoAhead, Lane } from './lane.js';

/** The chunks of one prefix by the tier that each is loaded from. */
export class Lanes {
  readonly #byTier = new Map<string, Lane>();
  readonly #ofChunk: (Lane | undefined)[];

  constructor(
    chunks: number,
    private readonly window: number,
  ) {
    this.#ofChunk = new Array<Lane | undefined>(chunks).fill(undefined);
  }

  /** Where a chunk comes from, or undefined. */
  placeOf(index: number): string | undefined {
    return this.#ofChunk[index]?.place;
  }

  /** Chunk number `index` comes from this tier. What was said of it first holds. */
  add(index: number, tier: string): void {
    if (this.#ofChunk[index] !== undefined) return;
    let lane = this.#byTier.get(tier);
    if (lane === undefined) {
      lane = new Lane(tier, this.window);
      this.#byTier.set(tier, lane);
    }
    this.#ofChunk[index] = lane;
    lane.add(index);
  }

  /** A chunk that was taken is to be taken again. */
  return(index: number): void {
    this.#ofChunk[index]?.add(index);
  }

  /** A chunk that was taken is being loaded. */
  begin(index: number): void {
    this.#ofChunk[index]?.begin();
  }

  /** Its load has ended. @param atOnce there was nothing to wait for. */
  arrive(index: number, atOnce: boolean): void {
    this.#ofChunk[index]?.arrive(atOnce);
  }

  /** Whether more chunks of its tier are held than the window. */
  isAhead(index: number): boolean {
    return this.#ofChunk[index]?.isAhead === true;
  }

  /** A chunk that was taken goes to the receiver. @returns false when that has as many of its tier as the window. */
  deliver(index: number): boolean {
    return this.#ofChunk[index]?.deliver() === true;
  }

  /** The receiver has disposed a chunk. @returns as `release`. */
  disposed(index: number): number {
    return this.#ofChunk[index]?.disposed() ?? 0;
  }

  /** A chunk that was taken, and not delivered, is held no more. @returns the bytes of `goAhead` that it gives back. */
  release(index: number): number {
    return this.#ofChunk[index]?.release() ?? 0;
  }

  /** Takes, of each tier, all that the windows and `goAhead` allow in front of `end`, and `urgent`. */
  takeAll(end: number, urgent: number, goAhead: GoAhead, take: (index: number) => void): void {
    for (const lane of this.#byTier.values()) {
      for (;;) {
        const index = lane.take(end, urgent, goAhead);
        if (index === -1) break;
        take(index);
      }
    }
  }
}
