import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  type EngineEvent,
  engineEvents,
  EXTENSION_LOGGER,
  EXTENSION_OPTIONS,
  type ExtensionLogger,
} from 'kvnest';

export interface TierTally {
  hits: number;
  storedBytes: number;
  evictedBytes: number;
}

export interface TallyReport {
  readonly reads: number;
  readonly misses: number;
  readonly tiers: Readonly<Record<string, TierTally>>;
}

const DEFAULT_EVERY_MS = 60_000;

/** Counts what the tiers do, and logs it now and then. */
@Injectable()
export class TallyService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #tiers = new Map<string, TierTally>();
  readonly #logger: ExtensionLogger;
  readonly #everyMs: number;
  readonly #subscription = engineEvents().subscribe((event) => this.#count(event));
  #misses = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(EXTENSION_OPTIONS) options: Readonly<Record<string, unknown>>,
    @Inject(EXTENSION_LOGGER) logger: ExtensionLogger,
  ) {
    const { every_ms: everyMs = DEFAULT_EVERY_MS } = options;
    if (typeof everyMs !== 'number' || everyMs < 1) throw new Error('every_ms must be a number from 1');
    this.#everyMs = everyMs;
    this.#logger = logger;
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#log(), this.#everyMs);
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
    this.#subscription.unsubscribe();
    this.#log();
  }

  report(): TallyReport {
    const tiers = Object.fromEntries(this.#tiers);
    const hits = Object.values(tiers).reduce((sum, tier) => sum + tier.hits, 0);
    return { reads: hits + this.#misses, misses: this.#misses, tiers };
  }

  #count(event: EngineEvent): void {
    if (event.type === 'miss') this.#misses++;
    else if (event.type === 'hit') this.#tier(event.tier).hits++;
    else if (event.type === 'stored') this.#tier(event.tier).storedBytes += event.bytes;
    else this.#tier(event.tier).evictedBytes += event.freedBytes;
  }

  #tier(name: string): TierTally {
    const tally = this.#tiers.get(name) ?? { hits: 0, storedBytes: 0, evictedBytes: 0 };
    this.#tiers.set(name, tally);
    return tally;
  }

  #log(): void {
    const { reads, misses } = this.report();
    this.#logger.log(`${reads - misses} of ${reads} reads were hits`);
  }
}
