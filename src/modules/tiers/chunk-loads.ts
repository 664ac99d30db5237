import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

interface Load {
  readonly key: ChunkKey;
  readonly waiters: ((outcome: ReadOutcome) => void)[];
  /** Set when the key was written or removed meanwhile: the bytes may go to the readers, but into no tier. */
  stale: boolean;
}

/** Concurrent loads of one key are one load: all readers get a reference of their own to the same bytes. */
export class ChunkLoads {
  readonly #loads = new Map<string, Load>();

  get size(): number {
    return this.#loads.size;
  }

  /**
   * Joins the load of this key, or starts it.
   *
   * @param load reads the chunk from a tier; must not throw.
   * @param loaded called once, when the bytes are in and the key has not changed since, before any reader gets them.
   */
  read(
    key: ChunkKey,
    load: () => Promise<ReadOutcome>,
    loaded: (handle: ArenaHandle) => void,
  ): Promise<ReadOutcome> {
    const running = this.#loads.get(key.id);
    if (running !== undefined && !running.stale) {
      return new Promise((resolve) => running.waiters.push(resolve));
    }
    const fresh: Load = { key, waiters: [], stale: false };
    this.#loads.set(key.id, fresh);
    const first = new Promise<ReadOutcome>((resolve) => fresh.waiters.push(resolve));
    void load().then((outcome) => this.#finish(fresh, outcome, loaded));
    return first;
  }

  /** The key was written or removed: running loads of it are not to be promoted, and new readers start over. */
  invalidate(key: ChunkKey): void {
    if (this.#loads.size === 0) return;
    const load = this.#loads.get(key.id);
    if (load !== undefined) load.stale = true;
  }

  invalidateAll(matches: (key: ChunkKey) => boolean): void {
    for (const load of this.#loads.values()) if (matches(load.key)) load.stale = true;
  }

  #finish(load: Load, outcome: ReadOutcome, loaded: (handle: ArenaHandle) => void): void {
    if (this.#loads.get(load.key.id) === load) this.#loads.delete(load.key.id);
    if (typeof outcome === 'string') {
      for (const resolve of load.waiters) resolve(outcome);
      return;
    }
    if (!load.stale) loaded(outcome);
    for (const resolve of load.waiters) resolve(outcome.retain());
    outcome[Symbol.dispose]();
  }
}
