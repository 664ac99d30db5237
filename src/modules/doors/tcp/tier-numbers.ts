/** Tiers as numbers of the wire: their places in the hello. */
export class TierNumbers {
  readonly #places: ReadonlyMap<string, number>;

  /** @param names in the order of the stack. */
  constructor(readonly names: readonly string[]) {
    this.#places = new Map(names.map((name, place) => [name, place]));
  }

  /** Bit i = tier i. */
  mask(tiers: readonly string[]): number {
    let mask = 0;
    for (const tier of tiers) mask |= 1 << (this.#places.get(tier) ?? 31);
    return mask >>> 0;
  }
}
