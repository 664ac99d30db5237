import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';

/**
 * Keys under which the store may still hold what nobody must see: a put that was not stored or a removal that failed
 * left an older chunk there, or perhaps did. They read as misses until the store has removed the chunk or taken a new
 * one.
 */
export class HiddenKeys {
  readonly #keys = new Map<string, ChunkKey>();
  #everHidden = 0;
  #forgotten = 0;

  constructor(private readonly maxKeys: number) {}

  get size(): number {
    return this.#keys.size;
  }

  /** How often a key was hidden. */
  get everHidden(): number {
    return this.#everHidden;
  }

  /** How many were given up for want of room: what the store holds under them is visible again. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Beyond the bound, the key that was hidden first is forgotten. */
  hide(key: ChunkKey): void {
    this.#everHidden++;
    this.#keys.delete(key.id);
    this.#keys.set(key.id, key);
    if (this.#keys.size <= this.maxKeys) return;
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined) this.#keys.delete(oldest);
    this.#forgotten++;
  }

  show(key: ChunkKey): void {
    if (this.#keys.size > 0) this.#keys.delete(key.id);
  }

  has(key: ChunkKey): boolean {
    return this.#keys.size > 0 && this.#keys.has(key.id);
  }

  /** At most `count` of them, those first that were hidden first. */
  oldest(count: number): readonly ChunkKey[] {
    const keys: ChunkKey[] = [];
    for (const key of this.#keys.values()) {
      if (keys.length === count) break;
      keys.push(key);
    }
    return keys;
  }
}
