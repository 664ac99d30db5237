import { type ArenaHandle } from '../arena/arena.interface.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';

/** Puts that were accepted and have no outcome yet, with references of their own to their chunks. */
export class PendingPuts {
  readonly #running = new Set<Promise<unknown>>();
  /** How many puts of each key, by its id. */
  readonly #keys = new Map<string, number>();

  has(key: ChunkKey): boolean {
    return this.#keys.has(key.id);
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  track<T>(handles: readonly ArenaHandle[], put: (kept: readonly ArenaHandle[]) => Promise<T>): Promise<T> {
    const kept = handles.map((handle) => handle.retain());
    const ids = kept.map(({ key }) => key.id);
    for (const id of ids) this.#keys.set(id, (this.#keys.get(id) ?? 0) + 1);
    const running = put(kept).finally(() => {
      this.#running.delete(running);
      for (const handle of kept) handle[Symbol.dispose]();
      for (const id of ids) this.#release(id);
    });
    this.#running.add(running);
    return running;
  }

  #release(id: string): void {
    const left = (this.#keys.get(id) ?? 1) - 1;
    if (left === 0) this.#keys.delete(id);
    else this.#keys.set(id, left);
  }
}
