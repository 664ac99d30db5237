import { type ArenaHandle } from '../../arena/arena.interface.js';
import { all, type Awaitable } from '../../common/awaitable.js';
import { type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { type ReadOutcome } from '../storage-backend.interface.js';
import { type ChunkView } from './chunk-view.js';
import { inBatches } from '../in-batches.js';
import { type RemoteParts } from './remote-parts.interface.js';

/** Chunks asked for at once, where the store has a form for many: they all need room in the arena. */
const BATCH_KEYS = 32;

/** Reads chunks, from the store or on their way to it. */
export class ChunkReads {
  constructor(
    private readonly parts: RemoteParts,
    private readonly view: ChunkView,
  ) {}

  get(key: ChunkKey): Awaitable<ReadOutcome> {
    const known = this.#known(key);
    if (known !== undefined) return known;
    return this.parts.order.read([key], () => this.fetch(key));
  }

  /** Reads from the store, for whoever has the key's turn. */
  async fetch(key: ChunkKey): Promise<ReadOutcome> {
    const { connector, calls, hidden } = this.parts;
    if (hidden.has(key)) return 'miss';
    return this.#accept(key, await calls.attempt(() => connector.get(key), 'miss'));
  }

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const { batch } = this.parts.connector.capabilities;
    const known = keys.map((key) => this.#known(key));
    const asked = keys.filter((_, i) => known[i] === undefined);
    const answers = batch
      ? await inBatches(asked, BATCH_KEYS, (some) => this.#fetchMany(some))
      : await all(asked.map((key) => this.get(key)));
    let next = 0;
    return known.map((outcome) => outcome ?? answers[next++] ?? 'miss');
  }

  /** @returns a reference that belongs to the receiver. */
  #known(key: ChunkKey): ArenaHandle | 'miss' | undefined {
    const found = this.view.find(key);
    return typeof found === 'object' ? found.retain() : found;
  }

  /** What was hidden since the whole batch was called for is a miss. */
  #fetchMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const { order, connector, calls, hidden } = this.parts;
    return order.read(keys, async () => {
      const asked = keys.filter((key) => !hidden.has(key));
      const outcomes = await calls.attempt(() => connector.getMany(asked), undefined);
      const fetched = asked.map((key, i) => this.#accept(key, outcomes?.[i] ?? 'miss'));
      let next = 0;
      return keys.map((key) => (key === asked[next] ? (fetched[next++] ?? 'miss') : 'miss'));
    });
  }

  #accept(key: ChunkKey, outcome: FetchOutcome): ReadOutcome {
    if (outcome === 'corrupt') {
      this.parts.counters.corruptions++;
      this.parts.logger.warn(
        `${this.parts.what}: a chunk failed its checksum and was dropped: ${formatStoreKey(key)}`,
      );
      this.parts.hide(key);
    }
    if (typeof outcome === 'string' || !this.view.isExpired(outcome)) return outcome;
    outcome[Symbol.dispose]();
    return 'miss';
  }
}
