import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type PutOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type InFlightPuts } from './in-flight-puts.js';
import { type Tier } from './tier.js';

/** Readers may always load something. */
const MAX_WAIT_MS = 1000;

interface Waiting {
  readonly tier: Tier;
  readonly handle: ArenaHandle;
  readonly resolve: (outcome: Awaitable<PutOutcome>) => void;
}

/**
 * Puts of what was loaded from below. Tiers that have to copy the bytes are handed them when no chunk is being loaded any
 * more: what they cost would hold up who waits for those.
 */
export class Promotions {
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param inFlight where the caller keeps track of the puts: those of chunks that are hidden there meanwhile are not made.
   * @param isLoading whether some chunk is.
   * @param maxBytes of chunks that wait. They are kept in the arena.
   */
  constructor(
    private readonly inFlight: InFlightPuts,
    private readonly isLoading: () => boolean,
    private readonly maxBytes: number,
  ) {}

  /** What a tier does not take is not put there either: that would remove what it has, which is no older. */
  put(tier: Tier, handle: ArenaHandle): Awaitable<PutOutcome> {
    const { lengthBytes } = handle;
    if (!tier.takes(handle)) return 'rejected';
    const waits =
      !tier.backend.capabilities.zeroCopy &&
      this.isLoading() &&
      this.#waitingBytes + lengthBytes <= this.maxBytes;
    if (!waits) return tier.put(handle);
    this.#waitingBytes += lengthBytes;
    this.#timer ??= setTimeout(() => this.flush(), MAX_WAIT_MS).unref();
    return new Promise((resolve) => this.#waiting.push({ tier, handle: handle.retain(), resolve }));
  }

  /** Some load has ended. */
  onLoaded(): void {
    if (this.#waiting.length > 0 && !this.isLoading()) this.flush();
  }

  /** Waits no longer. @param concerns the chunks; default: all. */
  flush(concerns: (key: ChunkKey) => boolean = () => true): void {
    if (this.#waiting.length === 0) return;
    const due: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const entry of this.#waiting) (concerns(entry.handle.key) ? due : rest).push(entry);
    this.#waiting = rest;
    if (rest.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    for (const { tier, handle, resolve } of due) {
      this.#waitingBytes -= handle.lengthBytes;
      resolve(this.inFlight.holds(handle) ? tier.put(handle) : 'rejected');
      handle[Symbol.dispose]();
    }
  }
}
