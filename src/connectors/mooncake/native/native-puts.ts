import { setTimeout as delay } from 'node:timers/promises';
import { isFull, MOONCAKE_CODES } from '../../../protocols/mooncake/mooncake-codes.js';
import { type SendOutcome } from '../../remote-connector.interface.js';
import { type ObjectToStore } from '../mooncake-engine.interface.js';
import { type RunningReads } from '../running-reads.js';
import { type LibraryStore } from './library-store.js';
import { libraryFailed } from './native-errors.js';
import { type NativeReads } from './native-reads.js';
import { type TransferLane } from './transfer-lanes.js';

/** The master makes room in the background when it has refused: a moment later there may be some. */
const FULL_PAUSE_MS = 100;

export interface NativePutsOptions {
  readonly label: string;
  readonly store: LibraryStore;
  readonly reads: NativeReads;
  readonly running: RunningReads;
  /** The arena's. */
  readonly memory: ArrayBufferLike;
}

/**
 * Objects written with Mooncake's library, from one piece of memory each: what has no header in front goes straight from
 * the arena, the rest is put together on a thread. The library takes an object that is there for one that it has written.
 */
export class NativePuts {
  readonly #options: NativePutsOptions;

  constructor(options: NativePutsOptions) {
    this.#options = options;
  }

  async put(object: ObjectToStore, lane: TransferLane): Promise<SendOutcome> {
    const { name, whenThere } = object;
    const parts = object.parts.filter(({ length }) => length > 0);
    if (parts.length === 0) {
      await this.#remove(name);
      return 'rejected';
    }
    const meeting = whenThere === 'keep' ? undefined : await this.#meet(object, lane);
    return meeting ?? (await this.#write(name, parts, lane));
  }

  /** What is there of this name goes, unless it is the same. @returns the outcome, if that is known now. */
  async #meet(
    { name, parts, whenThere }: ObjectToStore,
    lane: TransferLane,
  ): Promise<SendOutcome | undefined> {
    const { store, reads } = this.#options;
    const lengthBytes = await store.sizeOf(name);
    if (lengthBytes === undefined) return undefined;
    if (whenThere === 'compare' && lengthBytes === sum(parts)) {
      const [header = new Uint8Array()] = parts;
      const start = await reads.peek(name, header.length, lane);
      if (start?.lengthBytes === lengthBytes && start.bytes.equals(header)) return 'stored';
    }
    // Somebody else is still writing it, or died in the midst of that.
    return (await this.#remove(name)) === 'busy' ? 'busy' : undefined;
  }

  async #write(name: string, parts: readonly Uint8Array[], lane: TransferLane): Promise<SendOutcome> {
    const { store, label, memory } = this.#options;
    const isOnePlace = parts.length === 1 && parts[0]?.buffer === memory;
    for (let attempt = 0; attempt < 2; attempt++) {
      const scratch = isOnePlace ? undefined : await lane.scratch(sum(parts));
      const code = await store.write(name, parts, scratch);
      if (code === MOONCAKE_CODES.OK) return 'stored';
      if (code === MOONCAKE_CODES.INVALID_PARAMS) return 'rejected';
      if (isFull(code)) await delay(attempt === 0 ? FULL_PAUSE_MS : 0);
      // Of several owners another one may be reached.
      else if (code !== MOONCAKE_CODES.TRANSFER_FAIL) throw libraryFailed(label, 'put_from', code);
    }
    return 'busy';
  }

  async #remove(name: string): Promise<boolean | 'busy'> {
    this.#options.running.invalidate(name);
    const [wasThere = false] = await this.#options.store.removeMany([name]);
    return wasThere;
  }
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((bytes, { length }) => bytes + length, 0);
}
