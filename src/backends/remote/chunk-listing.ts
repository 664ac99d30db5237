import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { notSupported } from '../backend-errors.js';
import { chunkFilter } from '../chunk-filter.js';
import { type ChunkFilter, type ScanPage } from '../storage-backend.interface.js';
import { type ChunkRemovals } from './chunk-removals.js';
import { type RemoteParts } from './remote-parts.interface.js';
import { ScanCursors } from './scan-cursors.js';

/** Scans that are under way, counted in pages. */
const MAX_CURSORS = 4_096;
const CLEAR_PAGE = 512;

/** What goes through all chunks of the store: scan and clear. */
export class ChunkListing {
  readonly #cursors = new ScanCursors(MAX_CURSORS);
  #saidThatItCannotClear = false;

  constructor(
    private readonly name: string,
    private readonly parts: RemoteParts,
    private readonly removals: ChunkRemovals,
  ) {}

  /** The first page begins with what is on its way; a store that fails ends the scan. */
  async scan(cursor: number, count: number): Promise<ScanPage> {
    const { connector, pending } = this.parts;
    if (!connector.capabilities.list) throw notSupported(this.name, 'scan');
    const from = this.#cursors.cursorOf(cursor);
    if (from === undefined) return { keys: [], cursor: 0 };
    const onTheirWay = cursor === 0 ? pending.putKeys() : [];
    const page = await this.#list(from, count);
    if (page === undefined) return { keys: onTheirWay, cursor: 0 };
    return {
      keys: [...onTheirWay, ...page.keys.filter((key) => this.#isVisible(key))],
      cursor: this.#cursors.numberOf(page.cursor),
    };
  }

  /** @returns how many chunks were removed: of a store that cannot list, only those on their way there. */
  async clear(filter: ChunkFilter): Promise<number> {
    const matches = chunkFilter(filter);
    const onTheirWay = this.parts.pending.putKeys().filter(matches);
    const removed = await this.removals.removeMany(onTheirWay);
    return countTrue(removed) + (await this.#clearStore(matches));
  }

  async #clearStore(matches: (key: ChunkKey) => boolean): Promise<number> {
    const { what, connector, logger } = this.parts;
    if (!connector.capabilities.list) {
      if (!this.#saidThatItCannotClear)
        logger.warn(`${what} cannot list what it has: a clear leaves it there`);
      this.#saidThatItCannotClear = true;
      return 0;
    }
    let removed = 0;
    let cursor = '';
    do {
      const page = await this.#list(cursor, CLEAR_PAGE);
      // A store whose next page is this one again would be asked for ever.
      if (page === undefined || (page.cursor !== '' && page.cursor === cursor)) {
        logger.warn(`${what} failed in the middle of a clear: some of what was to go is still there`);
        break;
      }
      const keys = page.keys.filter((key) => matches(key) && this.#isVisible(key));
      removed += countTrue(await this.removals.removeMany(keys));
      cursor = page.cursor;
    } while (cursor !== '');
    return removed;
  }

  #list(cursor: string, count: number) {
    const { calls, connector } = this.parts;
    return calls.attempt(() => connector.list(cursor, count), undefined);
  }

  #isVisible(key: ChunkKey): boolean {
    const { hidden, pending } = this.parts;
    const write = pending.find(key);
    return write === undefined ? !hidden.has(key) : write.chunk !== undefined;
  }
}

function countTrue(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length;
}
