import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** A put or a removal that has not finished. */
export interface PendingWrite {
  readonly key: ChunkKey;
  /** The chunk that is put, owned by whoever puts it; undefined for a removal. */
  readonly chunk: ArenaHandle | undefined;
  /** The store is being sent the chunk: what is changed of it now comes too late. */
  isSending: boolean;
}

/** The latest write of each key that is on its way: what reads of the key see until it has finished. */
export class PendingWrites {
  readonly #latest = new Map<string, PendingWrite>();

  /** From now on this is what reads see. @returns a mark of this write. */
  begin(key: ChunkKey, chunk?: ArenaHandle): PendingWrite {
    const write = { key, chunk, isSending: false };
    this.#latest.set(key.id, write);
    return write;
  }

  find(key: ChunkKey): PendingWrite | undefined {
    return this.#latest.size === 0 ? undefined : this.#latest.get(key.id);
  }

  /** Whether no write of its key came after this one. */
  isLatest(write: PendingWrite): boolean {
    return this.#latest.get(write.key.id) === write;
  }

  end(write: PendingWrite): void {
    if (this.isLatest(write)) this.#latest.delete(write.key.id);
  }

  /** Keys of the puts that are visible. */
  putKeys(): readonly ChunkKey[] {
    return Array.from(this.#latest.values()).flatMap(({ key, chunk }) => (chunk === undefined ? [] : [key]));
  }
}
