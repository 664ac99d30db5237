import { setTimeout as delay } from 'node:timers/promises';
import { type Trace } from '../../../modules/trace/trace.interface.js';

/** The time in which an engine computes what the cache does not have, before it stores that. */
export class Prefill {
  /** @param tokensPerSecond of one slot; `Infinity` = it takes no time. */
  constructor(
    private readonly trace: Trace,
    private readonly tokensPerSecond: number,
  ) {}

  /** @param hits blocks of the request that were there. */
  async after(request: number, hits: number): Promise<void> {
    const { starts, tokens } = this.trace;
    const missing = tokens.subarray((starts[request] as number) + hits, starts[request + 1]);
    const ms = (1_000 * missing.reduce((sum, count) => sum + count, 0)) / this.tokensPerSecond;
    if (ms > 0) await delay(ms);
  }
}
