import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { KvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type CommitOptions, type PutReservation, type StoreResult } from './object-store.interface.js';

/** What a reservation needs of the engine that gave it. */
export interface ReservationOwner {
  commit(handle: ArenaHandle, options: CommitOptions): Awaitable<StoreResult>;
  /** The reservation ended without a commit. */
  abandon(handle: ArenaHandle): void;
}

export class EnginePutReservation implements PutReservation {
  #state: 'open' | 'committed' | 'disposed' = 'open';

  constructor(
    private readonly handle: ArenaHandle,
    private readonly owner: ReservationOwner,
  ) {}

  get key(): ChunkKey {
    return this.handle.key;
  }

  get lengthBytes(): number {
    return this.handle.lengthBytes;
  }

  get views(): readonly Buffer[] {
    return this.handle.views;
  }

  commit(options: CommitOptions): Awaitable<StoreResult> {
    if (this.#state !== 'open') {
      throw new KvError('KV_ENGINE_RESERVATION_CLOSED', 'The reservation was committed or disposed already', {
        kind: 'internal',
        remedy: 'Commit a reservation once, before it is disposed.',
      });
    }
    const result = this.owner.commit(this.handle, options);
    this.#state = 'committed';
    return result;
  }

  /** Gives the bytes back unless they were stored; safe at any time, and a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#state === 'disposed') return;
    if (this.#state === 'open') this.owner.abandon(this.handle);
    this.#state = 'disposed';
    this.handle[Symbol.dispose]();
  }
}
