import { Observable, Subject } from 'rxjs';
import { KvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { tierNamed } from '../tiers/tier-named.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { type AheadReads } from './ahead-reads.js';
import { LoadGate, type LoadLimits } from './load-gate.js';
import { PrefetchRun } from './prefetch-run.js';
import { type PrefetchTiers } from './prefetch-tiers.interface.js';
import {
  MAX_PRIORITY,
  MIN_PRIORITY,
  type PrefetchOptions,
  type PrefetchProgress,
} from './prefetch.interface.js';

const DEFAULT_PRIORITY = 5;
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export interface PrefetcherConfig extends LoadLimits {
  readonly ahead: AheadReads;
  readonly leaseMs: number;
}

/** Brings chunks to faster tiers before somebody asks for them. */
export class Prefetcher {
  readonly #tiers: PrefetchTiers;
  readonly #window: number;
  readonly #ahead: AheadReads;
  readonly #ended$ = new Subject<never>();

  constructor(
    private readonly stack: TierStack,
    { leaseMs, ahead, ...limits }: PrefetcherConfig,
  ) {
    const gates = new Map(stack.tiers.map(({ name }) => [name, new LoadGate(limits)]));
    // Twice as many as may load: who is more urgent is seen among those that wait.
    this.#ahead = ahead;
    this.#window = 2 * limits.loads;
    this.#tiers = {
      names: stack.tiers.map(({ name }) => name),
      locate: async (keys) => (await stack.locatePrefix(keys, { leaseMs })).map(({ tier }) => tier),
      read: (key, place, upTo) => stack.read(key, { place, upTo }),
      lease: (key) => void stack.locate(key, { leaseMs, localOnly: true }),
      gate: (tier) => gates.get(tier) ?? new LoadGate(limits),
    };
  }

  /**
   * Begins when it is subscribed to and tells how far it is, at least once for every chunk; ends with the state `done`,
   * `timeout` or, with the server, `cancelled`. Unsubscribing ends it: what is loading by then is dropped when it arrives.
   *
   * @param keys of one prefix, in order: what is behind a missing one is not loaded.
   * @throws KV_PREFETCH_OPTIONS
   */
  prefetch(keys: readonly ChunkKey[], options: PrefetchOptions = {}): Observable<PrefetchProgress> {
    const { priority = DEFAULT_PRIORITY, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    assertInteger('priority', priority, MIN_PRIORITY, MAX_PRIORITY);
    assertInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS);
    const upTo = this.#placeOf(options.upTo);
    return new Observable<PrefetchProgress>((subscriber) => {
      const run = new PrefetchRun(
        this.#tiers,
        { keys, upTo, priority, window: this.#window, ahead: this.#ahead },
        (progress) => subscriber.next(progress),
        (error) => {
          if (error === undefined) subscriber.complete();
          else subscriber.error(error);
        },
      );
      const timer = setTimeout(() => run.end('timeout'), timeoutMs).unref();
      subscriber.add(() => {
        clearTimeout(timer);
        run.end();
      });
      subscriber.add(this.#ended$.subscribe({ complete: () => run.end('cancelled') }));
      void run.start();
    });
  }

  /** Ends all that are under way. */
  close(): void {
    this.#ended$.complete();
  }

  #placeOf(name: string | undefined): number {
    if (name === undefined) return 0;
    return this.stack.tiers.indexOf(tierNamed(this.stack.tiers, name, 'KV_PREFETCH_OPTIONS'));
  }
}

function assertInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new KvError('KV_PREFETCH_OPTIONS', `${name} is ${value}, and must be from ${min} to ${max}`, {
    kind: 'input',
    remedy: 'Give a whole number in that range, or leave it out.',
  });
}
