/** Of a chunk that was accepted and that no tier has yet. */
const UNDERWAY = 255;

/** Tiers as numbers of the wire: their places in the hello. */
export class TierNumbers {
  readonly #places: ReadonlyMap<string, number>;

  /** @param names in the order of the stack. */
  constructor(readonly names: readonly string[]) {
    this.#places = new Map(names.map((name, place) => [name, place]));
  }

  /** 0 = nowhere, else 1 + the place of the tier. */
  where(tier: string | undefined): number {
    if (tier === undefined) return 0;
    const place = this.#places.get(tier);
    return place === undefined ? UNDERWAY : place + 1;
  }

  /** Bit i = tier i. */
  mask(tiers: readonly string[]): number {
    let mask = 0;
    for (const tier of tiers) mask |= 1 << (this.#places.get(tier) ?? 31);
    return mask >>> 0;
  }
}
