import { type PluginPolicy } from '../../config/kvnest-config.interface.js';

export type RestartRules = Pick<
  PluginPolicy,
  'restart' | 'maxRestarts' | 'restartWindowMs' | 'backoffMs' | 'backoffMaxMs'
>;

export type RestartDecision =
  /** It has done its work. */
  | { readonly next: 'stay-down' }
  | { readonly next: 'restart'; readonly delayMs: number }
  | { readonly next: 'give-up'; readonly reason: string };

/** How a process ended, as far as it matters here. */
export interface ProcessEnd {
  readonly failed: boolean;
  readonly ranMs: number;
  readonly nowMs: number;
}

/**
 * Whether a plugin that ended is started again, and after which pause: it doubles each time, and half of it is chance, so
 * that plugins that fell together do not rise together. Who ran for a whole window begins anew.
 */
export class RestartPolicy {
  #restartsAtMs: number[] = [];
  #inARow = 0;

  /** @param random from 0 up to 1. */
  constructor(
    private readonly rules: RestartRules,
    private readonly random: () => number,
  ) {}

  decide({ failed, ranMs, nowMs }: ProcessEnd): RestartDecision {
    const { restart, maxRestarts, restartWindowMs } = this.rules;
    if (!failed && restart !== 'always') return { next: 'stay-down' };
    if (restart === 'never') return { next: 'give-up', reason: 'it is not to be restarted' };
    if (ranMs >= restartWindowMs) this.#inARow = 0;
    this.#restartsAtMs = this.#restartsAtMs.filter((atMs) => nowMs - atMs < restartWindowMs);
    if (this.#restartsAtMs.length >= maxRestarts) {
      return { next: 'give-up', reason: `${maxRestarts} restarts within ${restartWindowMs / 1000} s` };
    }
    this.#restartsAtMs.push(nowMs);
    return { next: 'restart', delayMs: this.#nextDelayMs() };
  }

  #nextDelayMs(): number {
    const { backoffMs, backoffMaxMs } = this.rules;
    const fullMs = Math.min(backoffMaxMs, backoffMs * 2 ** this.#inARow++);
    return Math.round(fullMs * (0.5 + this.random() / 2));
  }
}
