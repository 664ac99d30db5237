import { type Trace } from '../../../modules/trace/trace.interface.js';
import { HitCounter, type HitCounts } from '../../../modules/trace/simulation/hit-counter.js';
import { type RequestOutcome } from './request-outcome.interface.js';

/** Adds up what became of the requests. */
export class ReplayTotals {
  seconds = 0;
  refused = 0;
  wrong = 0;
  /** Blocks that prefetches brought to the first tier. */
  prefetched = 0;
  prefetchesFailed = 0;
  bytesRead = 0;
  bytesStored = 0;
  /** Of each request with a hit, from its start. */
  readonly firstMs: number[] = [];
  readonly lastMs: number[] = [];
  /** Of each request, how long it waited for a slot after its time. */
  readonly lateMs: number[] = [];
  /** Reads that each tier of the server answered, those of prefetches included. */
  tierReads: Readonly<Record<string, number>> = {};
  readonly #hits: HitCounter;

  constructor(private readonly trace: Trace) {
    this.#hits = new HitCounter(trace);
  }

  get hits(): HitCounts {
    return this.#hits.counts();
  }

  add(request: number, outcome: RequestOutcome): void {
    this.#hits.count(request, (this.trace.starts[request] as number) + outcome.hits);
    this.refused += outcome.refused;
    this.wrong += outcome.wrong;
    this.bytesRead += outcome.bytesRead;
    this.bytesStored += outcome.bytesStored;
    if (outcome.firstMs !== undefined) this.firstMs.push(outcome.firstMs);
    if (outcome.lastMs !== undefined) this.lastMs.push(outcome.lastMs);
  }
}
