import { type Observable } from 'rxjs';
import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { createArena } from '../../src/arena/create-arena.js';
import { type ReadOutcome } from '../../src/backends/storage-backend.interface.js';
import { type Awaitable } from '../../src/common/awaitable.js';
import { AheadReads } from '../../src/modules/prefetch/ahead-reads.js';
import { type Loaded } from '../../src/modules/prefetch/prefix-read.interface.js';
import { readAhead } from '../../src/modules/prefetch/read-ahead.js';
import { type Places } from '../../src/modules/tiers/locating.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';

export interface Item {
  readonly index: number;
  readonly key: ChunkKey;
}

export interface HandReadOptions {
  /** Default: answered by `arrive`. */
  readonly from?: (key: ChunkKey) => Awaitable<ReadOutcome>;
  /** Default: all from one tier. */
  readonly now?: Places;
  readonly later?: Promise<Places>;
  readonly patienceMs?: number;
  /** In front of the numbers that the keys are. */
  readonly prefix?: string;
}

export const CHUNK_BYTES = 1000;

export const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

/** Prefixes k0, k1, … whose loads a test answers, each when it likes. */
export class LoadsByHand {
  readonly arena: Arena = createArena({ capacityBytes: 4 * 1024 * 1024, native: false });
  /** Keys of the loads so far, in order. */
  readonly started: string[] = [];
  readonly #loads = new Map<string, (outcome: ReadOutcome) => void>();
  #ahead: AheadReads | undefined;

  /** What all reads from now on share. */
  share(maxBytes: number): AheadReads {
    return (this.#ahead = new AheadReads(maxBytes, this.arena));
  }

  read(count: number, window: number, options: HandReadOptions = {}): Observable<Loaded<Item>> {
    const { from = this.slow, later, patienceMs, prefix = 'k' } = options;
    const { now = Array<string>(count).fill('disk') } = options;
    const items = Array.from({ length: count }, (_, index) => ({
      index,
      key: ChunkKey.of(`${prefix}${index}`),
    }));
    return readAhead(
      items,
      { locate: () => ({ now, later }), read: from },
      { window, ...(this.#ahead && { ahead: this.#ahead }), ...(patienceMs !== undefined && { patienceMs }) },
    );
  }

  chunk(name: string): ArenaHandle {
    const handle = this.arena.allocate({ key: ChunkKey.of(name), lengthBytes: CHUNK_BYTES });
    if (handle === undefined) throw new Error('arena is full');
    handle.seal(0);
    return handle;
  }

  readonly slow = (key: ChunkKey): Promise<ReadOutcome> =>
    new Promise((resolve) => {
      this.started.push(key.toString());
      this.#loads.set(key.toString(), resolve);
    });

  /** Keys of the loads that are to be answered. */
  get waiting(): readonly string[] {
    return [...this.#loads.keys()];
  }

  async arrive(name: string, outcome?: ReadOutcome): Promise<void> {
    const answer = this.#loads.get(name);
    if (answer === undefined) throw new Error(`${name} is not being loaded`);
    this.#loads.delete(name);
    answer(outcome ?? this.chunk(name));
    await nextTurn();
  }

  /** Closes the arena. @returns references and bytes beyond windows that nobody has given back. */
  close(): readonly [number, number] {
    const { references } = this.arena.usage();
    this.arena.close();
    return [references, (this.#ahead?.totalBytes ?? 0) - (this.#ahead?.freeBytes ?? 0)];
  }
}
