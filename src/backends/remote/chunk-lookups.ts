import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ExistsOptions } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ContainsOptions } from '../storage-backend.interface.js';
import { type ChunkView } from './chunk-view.js';
import { type RemoteParts } from './remote-parts.interface.js';

/** Keys of one question, where the store has a form for many. */
const BATCH_KEYS = 256;
/** Questions at once where it has not: they double from one up to this, so that a miss at the start costs one. */
const MAX_QUESTIONS = 16;

/** Asks which chunks are there. Nothing is protected from the store's own eviction: it knows no leases. */
export class ChunkLookups {
  constructor(
    private readonly parts: RemoteParts,
    private readonly view: ChunkView,
  ) {}

  contains(key: ChunkKey, options?: ContainsOptions): Awaitable<boolean> {
    const { connector, order, calls, hidden } = this.parts;
    const how = existsOptions(options);
    const known = this.#known(key, how);
    if (known !== undefined) return known;
    return order.read([key], async () =>
      hidden.has(key) ? false : calls.attempt(() => connector.exists(key, how), false),
    );
  }

  /** How many of `keys` are there before the first that is not. */
  async containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<number> {
    const how = existsOptions(options);
    const known = keys.map((key) => this.#known(key, how));
    const gap = known.indexOf(false);
    const end = gap === -1 ? keys.length : gap;
    const { batch } = this.parts.connector.capabilities;
    let from = 0;
    for (
      let size = batch ? BATCH_KEYS : 1;
      from < end;
      size = batch ? size : Math.min(2 * size, MAX_QUESTIONS)
    ) {
      const asked: number[] = [];
      let next = from;
      for (; next < end && asked.length < size; next++) if (known[next] === undefined) asked.push(next);
      const missing = await this.#firstMissing(keys, asked, how);
      if (missing !== undefined) return missing;
      from = next;
    }
    return end;
  }

  async #firstMissing(
    keys: readonly ChunkKey[],
    asked: readonly number[],
    how: ExistsOptions,
  ): Promise<number | undefined> {
    if (asked.length === 0) return undefined;
    const some = asked.flatMap((index) => keys[index] ?? []);
    const found = await this.#existsMany(some, how);
    return asked[found.indexOf(false)];
  }

  /** What is hidden when it is its turn is not there. */
  #existsMany(keys: readonly ChunkKey[], how: ExistsOptions): Promise<readonly boolean[]> {
    const { connector, order, calls, hidden } = this.parts;
    const none = keys.map(() => false);
    return order.read(keys, async () => {
      const found = await calls.attempt(() => connector.existsMany(keys, { ...how, upToGap: true }), none);
      return found.map((isThere, i) => isThere && !hidden.has(keys[i] as ChunkKey));
    });
  }

  #known(key: ChunkKey, how: ExistsOptions): boolean | undefined {
    const found = this.view.find(key);
    if (found === undefined) return undefined;
    return found !== 'miss' && (how.withMetadata !== true || this.#hasMetadata(found));
  }

  /** Whether it will have metadata when it comes back. */
  #hasMetadata(chunk: ArenaHandle): boolean {
    const { metadata } = this.parts.connector.capabilities;
    return metadata === 'any' ? chunk.metadata.length > 0 : metadata === 'lmcache';
  }
}

function existsOptions(options: ContainsOptions | undefined): ExistsOptions {
  return { withMetadata: options?.withMetadata ?? false };
}
