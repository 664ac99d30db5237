import { type Clock } from '../../../../common/clock.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { type ReceivedChunk } from '../../socket/incoming-value.js';

/** What has arrived of a chunk that comes in two halves. */
export interface PendingHalves {
  readonly chunk?: ReceivedChunk | undefined;
  readonly metadata?: Buffer | undefined;
  /** The bytes came and were not kept: the metadata that follows must not meet other bytes. */
  readonly bytesDropped?: boolean;
  /** Epoch milliseconds at which what has arrived expires, 0 = never. */
  readonly expiresAtMs: number;
}

export interface PendingPairsOptions {
  readonly clock: Clock;
  readonly maxPairs: number;
  /** Bytes of values that wait; one value may always wait. */
  readonly maxBytes: number;
  /** How long a half waits for the other. */
  readonly timeoutMs: number;
  /** A half was given up. */
  readonly onDrop: () => void;
}

interface Entry extends PendingHalves {
  readonly key: ChunkKey;
  readonly deadlineMs: number;
}

/**
 * Halves that wait for their other half. They are in no tier and no reader sees them. Bounded in number, bytes and
 * time: the oldest go first.
 */
export class PendingPairs {
  readonly #options: PendingPairsOptions;
  /** In order of deadline. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: PendingPairsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps what has arrived, in place of what was kept under this key. The chunk now belongs to the pair. */
  hold(key: ChunkKey, halves: PendingHalves): void {
    this.take(key)?.chunk?.[Symbol.dispose]();
    this.#bytes += byteLength(halves);
    this.#entries.set(key.id, {
      ...halves,
      key,
      deadlineMs: this.#options.clock.nowMs() + this.#options.timeoutMs,
    });
    this.#enforceBounds(key.id);
  }

  /** Takes out what is kept; it is the caller's now. */
  take(key: ChunkKey): PendingHalves | undefined {
    const entry = this.#entries.get(key.id);
    if (entry === undefined) return undefined;
    this.#entries.delete(key.id);
    this.#bytes -= byteLength(entry);
    return entry;
  }

  peek(key: ChunkKey): PendingHalves | undefined {
    return this.#entries.get(key.id);
  }

  /** Gives up what has waited too long. */
  sweep(): void {
    const now = this.#options.clock.nowMs();
    for (const entry of this.#entries.values()) {
      if (entry.deadlineMs > now) return;
      this.#drop(entry);
    }
  }

  /** Gives up everything, or everything of one namespace. */
  clear(namespace?: number): void {
    for (const entry of this.#entries.values()) {
      if (namespace === undefined || entry.key.namespace === namespace) this.#drop(entry);
    }
  }

  #enforceBounds(newest: string): void {
    const { maxBytes, maxPairs } = this.#options;
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size > maxPairs) this.#drop(entry);
      else if (this.#bytes > maxBytes && id !== newest) this.#dropBytes(id, entry);
      else if (this.#bytes <= maxBytes) return;
    }
  }

  #drop(entry: Entry): void {
    this.take(entry.key)?.chunk?.[Symbol.dispose]();
    if (entry.chunk !== undefined) this.#options.onDrop();
  }

  #dropBytes(id: string, entry: Entry): void {
    if (entry.chunk === undefined) return;
    const { key, deadlineMs, expiresAtMs } = entry;
    this.#bytes -= byteLength(entry);
    this.#entries.set(id, { key, deadlineMs, expiresAtMs, bytesDropped: true });
    entry.chunk[Symbol.dispose]();
    this.#options.onDrop();
  }
}

function byteLength({ chunk }: PendingHalves): number {
  return chunk?.reservation.lengthBytes ?? 0;
}
