import { InfinistoreClient, type InfinistoreClientOptions, type PutSignals } from './infinistore-client.js';
import { RecentNames } from '../recent-names.js';
import { KeyLocks } from './key-locks.js';

export type PutOutcome = 'stored' | 'full';

type PutRequest = (onBegin: () => void) => Promise<boolean>;

/** Where heals wait for a server that is away. What is forgotten keeps its memory there until that server ends. */
const MAX_CUT_KEYS = 4_096;

/**
 * A client that leaves nothing behind which kills the server. Of a put that was cut off the key stays there without a
 * value: who reads or removes it kills the server, and its memory is never given back. A whole put of the same key heals
 * it, and then it can be removed.
 */
export class InfinistoreStore extends InfinistoreClient {
  readonly locks: KeyLocks;
  readonly #cut = new RecentNames(MAX_CUT_KEYS);
  #healing: Promise<void> | undefined;

  constructor(options: InfinistoreClientOptions) {
    super(options);
    this.locks = new KeyLocks(options.label);
  }

  /**
   * Whether nothing but a put may be done to this key now; it is tried to heal it first.
   *
   * @throws KV_REMOTE_… when the server is away.
   */
  async isCut(key: string): Promise<boolean> {
    if (!this.#cut.has(key)) return false;
    await this.#healOne(key);
    return this.#cut.has(key);
  }

  /** Whether the server may be asked for this key at once. */
  isAtRest(key: string): boolean {
    return !this.#cut.has(key) && !this.locks.isWritten(key);
  }

  /**
   * Whole or not at all. The server refuses a value for which it has no room by closing the connection, which looks like
   * a put that was cut off: `full` means that it is there, and that nothing is left of the key.
   */
  putWhole(key: string, value: readonly Uint8Array[], signals: PutSignals): Promise<PutOutcome> {
    return this.#wholly(key, (onBegin) => this.put(key, value, signals, onBegin));
  }

  /** As `putWhole`, of a value that travels in one piece. */
  putSmallWhole(key: string, value: Uint8Array): Promise<PutOutcome> {
    return this.#wholly(key, (onBegin) => this.putSmall(key, value, undefined, onBegin));
  }

  /** Heals what could not be healed when it was cut. Never rejects: what is left is tried again the next time. */
  healAll(): Promise<void> {
    this.#healing ??= this.#healEach()
      .catch(() => undefined)
      .finally(() => (this.#healing = undefined));
    return this.#healing;
  }

  async #wholly(key: string, put: PutRequest): Promise<PutOutcome> {
    const progress = { hasBegun: false };
    try {
      const isStored = await put(() => (progress.hasBegun = true));
      if (isStored) this.#cut.delete(key);
      else if (!(await this.isCut(key))) await this.remove([key], undefined);
      return isStored ? 'stored' : 'full';
    } catch (error) {
      if (!progress.hasBegun) throw error;
      this.#cut.add(key);
      await this.#healOne(key).catch(() => {
        throw error;
      });
      return 'full';
    }
  }

  async #healEach(): Promise<void> {
    for (const key of this.#cut) {
      await this.locks.run(key, 'exclusive', undefined, async () => {
        if (this.#cut.has(key)) await this.#healOne(key);
      });
    }
  }

  /** Without room for it the key stays cut. */
  async #healOne(key: string): Promise<void> {
    if (await this.heal(key)) this.#cut.delete(key);
  }
}
