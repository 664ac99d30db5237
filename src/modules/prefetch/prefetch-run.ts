import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadReads } from './ahead-reads.js';
import { type PrefetchTiers } from './prefetch-tiers.interface.js';
import { PrefetchCount } from './prefetch-count.js';
import { type PrefetchProgress, type PrefetchState } from './prefetch.interface.js';
import { PrefixRead } from './prefix-read.js';

export interface PrefetchRunOptions {
  readonly keys: readonly ChunkKey[];
  /** Place of the tier that chunks are brought to. */
  readonly upTo: number;
  readonly priority: number;
  /** Chunks of each tier that are loading, or wait for one in front of them. */
  readonly window: number;
  readonly ahead: AheadReads;
}

/** One prefetch: finds out where the chunks are, then loads from all tiers at a time, in the order of the prefix. */
export class PrefetchRun {
  readonly #count: PrefetchCount;
  readonly #cancel = new AbortController();
  #read: PrefixRead | undefined;
  #isOver = false;
  #tellsSoon = false;

  constructor(
    private readonly tiers: PrefetchTiers,
    private readonly options: PrefetchRunOptions,
    private readonly report: (progress: PrefetchProgress) => void,
    private readonly onEnd: (error?: unknown) => void,
  ) {
    this.#count = new PrefetchCount(options.keys.length);
  }

  async start(): Promise<void> {
    if (this.#isOver) return;
    this.#tell('locating');
    try {
      this.#load(await this.tiers.locate(this.options.keys));
    } catch (error) {
      this.#end('cancelled', error);
    }
  }

  /** What is loading is dropped when it arrives. Nothing is told any more but the state, when there is one. */
  end(state?: PrefetchState): void {
    if (state === undefined) this.#stop();
    else this.#end(state);
  }

  #load(places: readonly string[]): void {
    if (this.#isOver) return;
    const { keys, upTo, window, ahead } = this.options;
    const names = this.tiers.names.slice(0, upTo + 1);
    const below: { readonly key: ChunkKey; readonly tier: string }[] = [];
    for (const [index, tier] of places.entries()) {
      const key = keys[index] as ChunkKey;
      const isThere = !this.tiers.names.includes(tier) || names.includes(tier);
      this.#count.locate(tier, isThere);
      if (!isThere) below.push({ key, tier });
    }
    const now = below.map(({ tier }) => tier);
    this.#read = new PrefixRead(
      below.map(({ key }) => key),
      {
        locate: () => ({ now, later: undefined }),
        read: (key, tier, index) => this.#readOne(key, tier, index),
      },
      // A prefetch has no claim on memory that others use: it waits until there is some.
      { window, ahead, patienceMs: Infinity },
      {
        deliver: (_, handle) => {
          this.tiers.lease(handle.key);
          handle[Symbol.dispose]();
        },
        end: () => this.#end('done'),
        fail: (error) => this.#end('cancelled', error),
      },
    );
    this.#tell('loading');
    this.#read.start();
  }

  async #readOne(key: ChunkKey, tier: string, index: number): Promise<ReadOutcome> {
    const gate = this.tiers.gate(tier);
    const { signal } = this.#cancel;
    const outcome = await gate.run(this.options.priority, signal, () => this.#readNow(key, tier));
    if (outcome === undefined || typeof outcome === 'string') return outcome ?? 'miss';
    gate.note(outcome.lengthBytes);
    if (!this.#isOver) {
      this.#count.load(index, tier, outcome.lengthBytes);
      this.#tell('loading');
    }
    return outcome;
  }

  async #readNow(key: ChunkKey, tier: string): Promise<ReadOutcome> {
    this.#count.loading++;
    this.#tellSoon();
    try {
      return await this.tiers.read(key, tier, this.options.upTo);
    } finally {
      this.#count.loading--;
    }
  }

  /** Once for all loads that begin together. */
  #tellSoon(): void {
    if (this.#tellsSoon) return;
    this.#tellsSoon = true;
    queueMicrotask(() => {
      this.#tellsSoon = false;
      if (!this.#isOver) this.#tell('loading');
    });
  }

  #tell(state: PrefetchState): void {
    this.report(this.#count.progress(state));
  }

  #end(state: PrefetchState, error?: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    if (error === undefined) this.#tell(state);
    this.onEnd(error);
  }

  #stop(): void {
    this.#isOver = true;
    this.#cancel.abort();
    this.#read?.cancel();
  }
}
