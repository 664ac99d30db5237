import { type Trace } from '../trace.interface.js';

export interface HitCounts {
  /** Requests that asked for something. */
  readonly requests: number;
  readonly blocks: number;
  readonly hitBlocks: number;
  readonly tokens: number;
  readonly hitTokens: number;
}

/** Adds up what requests asked for, and what of it was there. */
export class HitCounter {
  #requests = 0;
  #blocks = 0;
  #hitBlocks = 0;
  #tokens = 0;
  #hitTokens = 0;

  constructor(private readonly trace: Trace) {}

  /** @param gap the first reference of the request that was no hit, or that of the next request. */
  count(request: number, gap: number): void {
    const { starts, tokens, storesOnly } = this.trace;
    if (storesOnly[request] === 1) return;
    const from = starts[request] as number;
    const to = starts[request + 1] as number;
    this.#requests++;
    this.#blocks += to - from;
    this.#hitBlocks += gap - from;
    for (let reference = from; reference < to; reference++) {
      this.#tokens += tokens[reference] as number;
      if (reference < gap) this.#hitTokens += tokens[reference] as number;
    }
  }

  counts(): HitCounts {
    return {
      requests: this.#requests,
      blocks: this.#blocks,
      hitBlocks: this.#hitBlocks,
      tokens: this.#tokens,
      hitTokens: this.#hitTokens,
    };
  }
}
