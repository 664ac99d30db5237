import { type PrefetchProgress, type PrefetchState, type TierProgress } from './prefetch.interface.js';

/** What a prefetch has come to so far. */
export class PrefetchCount {
  loading = 0;
  #located = 0;
  #skipped = 0;
  readonly #loaded = new Set<number>();
  readonly #tiers = new Map<string, { located: number; loaded: number; bytes: number }>();

  constructor(private readonly total: number) {}

  /** @param isThere it needs no loading. */
  locate(tier: string, isThere: boolean): void {
    this.#located++;
    if (isThere) this.#skipped++;
    else this.#of(tier).located++;
  }

  /** @param index of the chunk, which counts once, also when it gave its room up and was loaded again. */
  load(index: number, tier: string, bytes: number): void {
    if (this.#loaded.has(index)) return;
    const counts = this.#of(tier);
    this.#loaded.add(index);
    counts.loaded++;
    counts.bytes += bytes;
  }

  progress(state: PrefetchState): PrefetchProgress {
    const isOver = state !== 'locating' && state !== 'loading';
    const rest = this.#located - this.#skipped - this.#loaded.size;
    const tiers: Record<string, TierProgress> = {};
    for (const [name, counts] of this.#tiers) tiers[name] = { ...counts };
    return {
      state,
      total: this.total,
      located: this.#located,
      skipped: this.#skipped,
      loading: isOver ? 0 : this.loading,
      loaded: this.#loaded.size,
      failed: state === 'done' ? rest : 0,
      tiers,
    };
  }

  #of(tier: string): { located: number; loaded: number; bytes: number } {
    let counts = this.#tiers.get(tier);
    if (counts === undefined) {
      counts = { located: 0, loaded: 0, bytes: 0 };
      this.#tiers.set(tier, counts);
    }
    return counts;
  }
}
