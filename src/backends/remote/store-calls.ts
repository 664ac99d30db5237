import { type RemoteCounters } from './remote-counters.js';
import { type StoreHealth } from './store-health.js';

/** Calls to the store that never fail: what goes wrong there is counted and answered with something else. */
export class StoreCalls {
  constructor(
    private readonly health: StoreHealth,
    private readonly counters: RemoteCounters,
  ) {}

  /** @param otherwise the answer while the store was never reached, and when the call fails. */
  async attempt<T, U>(call: () => Promise<T>, otherwise: U): Promise<T | U> {
    if (!this.health.isReached) return otherwise;
    try {
      return await call();
    } catch {
      this.counters.errors++;
      return otherwise;
    }
  }
}
