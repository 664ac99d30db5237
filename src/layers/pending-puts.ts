import { type ArenaHandle } from '../arena/arena.interface.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';

/** Puts that were accepted and have no outcome yet, with references of their own to their chunks. */
export class PendingPuts {
  readonly #running = new Set<Promise<unknown>>();
  /** How many puts of each key, by its id. */
  readonly #counts = new Map<string, number>();

  has(key: ChunkKey): boolean {
    return this.#counts.has(key.id);
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  track<T>(
    handles: readonly ArenaHandle[],
    put: (kept: readonly ArenaHandle[], keys: readonly ChunkKey[]) => Promise<T>,
  ): Promise<T> {
    const kept = handles.map((handle) => handle.retain());
    const keys = kept.map(({ key }) => key);
    for (const { id } of keys) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    const running = put(kept, keys).finally(() => {
      this.#running.delete(running);
      for (const handle of kept) handle[Symbol.dispose]();
      for (const { id } of keys) this.#release(id);
    });
    this.#running.add(running);
    return running;
  }

  #release(id: string): void {
    const left = (this.#counts.get(id) ?? 1) - 1;
    if (left === 0) this.#counts.delete(id);
    else this.#counts.set(id, left);
  }
}
