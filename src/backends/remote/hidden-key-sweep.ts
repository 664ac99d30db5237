import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type HiddenKeys } from '../hidden-keys.js';
import { type KeyOrder } from '../key-order.js';
import { type StoreHealth } from './store-health.js';

const BATCH_KEYS = 64;

/** Removes from the store, in the background, what lies under hidden keys; then they are hidden no more. */
export class HiddenKeySweep {
  /** Whether it may begin another step. */
  enabled = false;
  #running = false;

  /** @param removeAll removes from the store; rejects when it could not. */
  constructor(
    private readonly hidden: HiddenKeys,
    private readonly order: KeyOrder,
    private readonly health: StoreHealth,
    private readonly removeAll: (keys: readonly ChunkKey[]) => Promise<unknown>,
  ) {}

  /** Begins, unless it is at it or there is nothing to do; goes on until all is removed or the store is out of order. */
  wake(): void {
    if (this.#running || this.hidden.size === 0 || !this.#mayRun) return;
    this.#running = true;
    void this.#run().finally(() => (this.#running = false));
  }

  get #mayRun(): boolean {
    return this.enabled && this.health.isUp;
  }

  async #run(): Promise<void> {
    while (this.#mayRun) {
      const keys = this.hidden.oldest(BATCH_KEYS);
      if (keys.length === 0) return;
      try {
        await this.order.write(keys, () => this.#remove(keys));
      } catch {
        return;
      }
    }
  }

  /** A put that came between may have shown a key already. */
  async #remove(keys: readonly ChunkKey[]): Promise<void> {
    const still = keys.filter((key) => this.hidden.has(key));
    if (still.length > 0) await this.removeAll(still);
    for (const key of still) this.hidden.show(key);
  }
}
