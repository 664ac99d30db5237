import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

interface Put {
  readonly handle: ArenaHandle;
  /** Settles when every tier has answered, with whether it was still what readers find. */
  readonly done: Promise<boolean>;
}

/**
 * Chunks that some tier is still storing. They are readable from here, so that a chunk is never invisible between the
 * moment it was accepted and the moment a tier has it.
 */
export class InFlightPuts {
  readonly #puts = new Map<string, Put>();
  readonly #idle: (() => void)[] = [];
  #pending = 0;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#pending;
  }

  /** Keeps a reference to the chunk until `done` settles. */
  track(handle: ArenaHandle, done: Promise<unknown>): void {
    const kept = handle.retain();
    const { id } = kept.key;
    const settle = (): boolean => {
      const isCurrent = this.#puts.get(id)?.handle === kept;
      if (isCurrent) this.#puts.delete(id);
      kept[Symbol.dispose]();
      if (--this.#pending === 0) this.#idle.splice(0).forEach((resolve) => resolve());
      return isCurrent;
    };
    this.#pending++;
    this.#puts.set(id, { handle: kept, done: done.then(settle, settle) });
  }

  has(key: ChunkKey): boolean {
    return this.#find(key) !== undefined;
  }

  /** Whether the chunk expired before every tier had it. */
  hasExpired(key: ChunkKey): boolean {
    const { expiresAtMs = 0 } = this.#find(key)?.handle.attributes ?? {};
    return expiresAtMs !== 0 && expiresAtMs <= this.clock.nowMs();
  }

  /** Whether any chunk did. */
  get anyExpired(): boolean {
    if (this.#puts.size === 0) return false;
    const nowMs = this.clock.nowMs();
    for (const { handle } of this.#puts.values()) {
      const { expiresAtMs } = handle.attributes;
      if (expiresAtMs !== 0 && expiresAtMs <= nowMs) return true;
    }
    return false;
  }

  /** A new reference to the chunk, or undefined. */
  get(key: ChunkKey): ArenaHandle | undefined {
    return this.#find(key)?.handle.retain();
  }

  /** Whether this very chunk is what readers find under its key. */
  holds({ key, slot, generation }: ArenaHandle): boolean {
    const found = this.#find(key)?.handle;
    return found?.slot === slot && found.generation === generation;
  }

  /**
   * Settles when the put of this key does, with whether its chunk is still what readers find: if not, what concerned
   * it does not concern what is there now. Undefined when there is none.
   */
  done(key: ChunkKey): Promise<boolean> | undefined {
    return this.#find(key)?.done;
  }

  /** Makes the chunk unreadable from here; the puts go on and the tiers sort it out. */
  hide(key: ChunkKey): boolean {
    return this.#puts.size > 0 && this.#puts.delete(key.id);
  }

  hideAll(matches: (key: ChunkKey) => boolean): void {
    for (const [id, { handle }] of this.#puts) if (matches(handle.key)) this.#puts.delete(id);
  }

  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #find(key: ChunkKey): Put | undefined {
    return this.#puts.size > 0 ? this.#puts.get(key.id) : undefined;
  }
}
