import { isKvError } from '../../../common/errors/kv-error.js';
import { type MemoryReplica } from '../../../protocols/mooncake/mooncake-reply.js';
import { type ConnectorLogger } from '../../connector-definition.interface.js';
import { remoteClosed } from '../../connector-errors.js';
import { type OwnerOptions, SegmentOwner } from './segment-owner.js';
import { type TransferConnection } from './transfer-connection.js';

export interface SegmentOwnersOptions extends OwnerOptions {
  readonly logger: Pick<ConnectorLogger, 'warn'>;
  /** How long one that refused or was silent is left alone. */
  readonly banMs: number;
}

/**
 * `gone`: nothing of what was sent can reach the owner's memory any more. `unknown`: it may, later, wherever that memory
 * belongs to then.
 */
export type WriteEnd = 'written' | 'gone' | 'unknown';

/** Everybody who holds memory of the store. One that refuses or is silent is not asked again for a while. */
export class SegmentOwners {
  readonly #options: SegmentOwnersOptions;
  readonly #owners = new Map<string, SegmentOwner>();
  /** Until when, by endpoint. */
  readonly #banned = new Map<string, number>();
  #isClosed = false;

  constructor(options: SegmentOwnersOptions) {
    this.#options = options;
  }

  /** The longest value for which any owner that was met can have room; 0 when none was met. */
  get longestSegmentBytes(): number {
    return Math.max(0, ...[...this.#owners.values()].map(({ segmentBytes }) => segmentBytes));
  }

  /** Whether it is worth asking: over TCP, and not silent lately. */
  isReachable({ protocol, endpoint }: MemoryReplica): boolean {
    const until = this.#banned.get(endpoint);
    if (until !== undefined && until <= performance.now()) this.#banned.delete(endpoint);
    return protocol === 'tcp' && !this.#banned.has(endpoint);
  }

  /**
   * Runs `read` on a connection to the owner, a second time when the connection turns out to have been dead before.
   *
   * @returns undefined when the owner cannot be reached.
   * @throws KV_REMOTE_ABORTED, and what is no fault of the owner.
   */
  async read<T>(
    { endpoint }: MemoryReplica,
    read: (connection: TransferConnection) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.#owner(endpoint).lease(read, signal);
    } catch (error) {
      if (signal?.aborted === true || !isOfStore(error)) throw error;
      this.#judge(endpoint, error);
      return undefined;
    }
  }

  /** @param isGranted whether that memory is still to be written when it is its turn; if not, nothing is sent. */
  async write(
    replica: MemoryReplica,
    views: readonly Uint8Array[],
    isGranted: () => boolean = () => true,
  ): Promise<WriteEnd> {
    const { endpoint } = replica;
    let used: TransferConnection | undefined;
    const transfer = (connection: TransferConnection): Promise<boolean> => {
      if (!isGranted()) return Promise.resolve(false);
      used = connection;
      return connection.write(replica, views);
    };
    try {
      return (await this.#owner(endpoint).lease(transfer)) ? 'written' : 'gone';
    } catch (error) {
      this.#judge(endpoint, error);
      return used === undefined || used.isEndedByPeer ? 'gone' : 'unknown';
    }
  }

  /** Asks an owner how much room it has. Whether that worked shows in `longestSegmentBytes`. */
  async learn(replica: MemoryReplica): Promise<void> {
    if (this.isReachable(replica))
      await this.#owner(replica.endpoint)
        .learn()
        .catch(() => undefined);
  }

  /** Nobody can be asked afterwards; what runs rejects with KV_REMOTE_CLOSED. */
  close(): void {
    this.#isClosed = true;
    for (const owner of this.#owners.values()) owner.close();
    this.#owners.clear();
  }

  #owner(endpoint: string): SegmentOwner {
    if (this.#isClosed) throw remoteClosed(this.#options.label);
    const known = this.#owners.get(endpoint);
    if (known !== undefined) return known;
    const owner = new SegmentOwner(endpoint, this.#options, (error) => this.#ban(endpoint, owner, error));
    this.#owners.set(endpoint, owner);
    return owner;
  }

  /** A connection that was lost shows little: it is made anew, and then it shows. Silence is enough. */
  #judge(endpoint: string, error: unknown): void {
    const owner = this.#owners.get(endpoint);
    const isSilent = isKvError(error, 'KV_REMOTE_TIMEOUT') || isKvError(error, 'KV_REMOTE_PROTOCOL');
    if (isSilent && owner !== undefined) this.#ban(endpoint, owner, error);
  }

  #ban(endpoint: string, owner: SegmentOwner, error: unknown): void {
    if (this.#owners.get(endpoint) !== owner) return;
    const { banMs, logger } = this.#options;
    this.#owners.delete(endpoint);
    this.#banned.set(endpoint, performance.now() + banMs);
    this.#forgetOldBans();
    owner.close();
    logger.warn(`${(error as Error).message}; what it holds is missing for the next ${banMs / 1000} s`);
  }

  /** Owners come back under other names. */
  #forgetOldBans(): void {
    const now = performance.now();
    for (const [endpoint, until] of this.#banned) if (until <= now) this.#banned.delete(endpoint);
  }
}

function isOfStore(error: unknown): boolean {
  return isKvError(error) && error.code.startsWith('KV_REMOTE_');
}
