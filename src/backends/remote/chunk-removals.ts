import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkView } from './chunk-view.js';
import { inBatches } from '../in-batches.js';
import { keyFits } from './key-limit.js';
import { type RemoteParts } from './remote-parts.interface.js';

const BATCH_KEYS = 256;

/**
 * Removes chunks. What the store did not remove, because it failed or because it cannot, is hidden: for this server it
 * is gone all the same.
 */
export class ChunkRemovals {
  constructor(
    private readonly parts: RemoteParts,
    private readonly view: ChunkView,
  ) {}

  async remove(key: ChunkKey): Promise<boolean> {
    const [removed] = await this.#removeAll([key]);
    return removed ?? false;
  }

  /** @returns for each whether it was there. */
  removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const { batch } = this.parts.connector.capabilities;
    if (batch) return inBatches(keys, BATCH_KEYS, (some) => this.#removeAll(some));
    return Promise.all(keys.map((key) => this.remove(key)));
  }

  /** What the sweep of hidden keys does. Rejects when it failed. */
  async removeFromStore(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const { connector } = this.parts;
    const [first] = keys;
    return keys.length === 1 && first !== undefined
      ? [await connector.remove(first)]
      : connector.removeMany(keys);
  }

  #removeAll(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const { order, pending, connector } = this.parts;
    const wasOnItsWay = keys.map((key) => typeof this.view.find(key) === 'object');
    const inStore = keys.filter((key) => keyFits(key, connector.capabilities.maxKeyBytes));
    const writes = inStore.map((key) => pending.begin(key));
    return order.write(inStore, async () => {
      const removed = await this.#removeOrHide(inStore);
      for (const write of writes) pending.end(write);
      const gone = new Set(inStore.filter((_, i) => removed[i]));
      return keys.map((key, i) => wasOnItsWay[i] === true || gone.has(key));
    });
  }

  /** @returns for each whether it was there and visible. */
  async #removeOrHide(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const { calls, connector, hidden, hide } = this.parts;
    const wasHidden = keys.map((key) => hidden.has(key));
    const removed = connector.capabilities.remove
      ? await calls.attempt(() => this.removeFromStore(keys), undefined)
      : undefined;
    if (removed !== undefined) {
      for (const key of keys) hidden.show(key);
      return removed.map((was, i) => was && wasHidden[i] !== true);
    }
    const found = connector.capabilities.remove
      ? []
      : await calls.attempt(() => connector.existsMany(keys), []);
    for (const key of keys) hide(key);
    return keys.map((_, i) => (found[i] ?? false) && wasHidden[i] !== true);
  }
}
