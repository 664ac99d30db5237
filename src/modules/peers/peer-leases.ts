import { randomBytes } from 'node:crypto';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { LEASE_BYTES } from '../../protocols/kvnest-tcp/locate.js';

/** What a chunk counts as at least: small ones without end would fill the books, not the arena. */
const LEAST_BYTES = 16 * 1024;

interface Lease {
  readonly handles: readonly ArenaHandle[];
  readonly timer: NodeJS.Timeout;
}

/**
 * Chunks that peers are reading, held where they are until a peer says that it is done, or its time is up. A lease does not
 * end with the connection that asked for it: the peer may be reading still.
 */
export class PeerLeases {
  granted = 0;
  expired = 0;
  /** Bytes that were leased, from the start on, and those of leases that have ended. */
  grantedBytes = 0;
  endedBytes = 0;
  #countedBytes = 0;
  readonly #leases = new Map<string, Lease>();
  readonly #idle: (() => void)[] = [];

  /** @param maxBytes most bytes that are held for all peers together. */
  constructor(private readonly maxBytes: number) {}

  get count(): number {
    return this.#leases.size;
  }

  /** Counts a chunk that is to be leased. @returns false: there are too many. */
  tryHold({ lengthBytes }: ArenaHandle): boolean {
    const bytes = Math.max(lengthBytes, LEAST_BYTES);
    if (this.#countedBytes + bytes > this.maxBytes) return false;
    this.#countedBytes += bytes;
    return true;
  }

  /** Gives back a chunk that was counted. */
  letGo(handle: ArenaHandle): void {
    this.#countedBytes -= Math.max(handle.lengthBytes, LEAST_BYTES);
    handle[Symbol.dispose]();
  }

  /**
   * @param handles counted by `tryHold`; they belong to the lease from now on.
   * @returns its name, that nobody can guess.
   */
  grant(handles: readonly ArenaHandle[], leaseMs: number): string {
    const id = randomBytes(LEASE_BYTES).toString('hex');
    const timer = setTimeout(() => {
      this.expired++;
      this.release(id);
    }, leaseMs).unref();
    this.#leases.set(id, { handles, timer });
    this.granted++;
    for (const { lengthBytes } of handles) this.grantedBytes += lengthBytes;
    return id;
  }

  /** @returns whether it was held. */
  release(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    this.#leases.delete(id);
    clearTimeout(lease.timer);
    for (const handle of lease.handles) {
      this.endedBytes += handle.lengthBytes;
      this.letGo(handle);
    }
    if (this.#leases.size === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    return true;
  }

  releaseAll(): void {
    for (const id of [...this.#leases.keys()]) this.release(id);
  }

  /** Resolves when no lease is left. */
  whenIdle(): Promise<void> {
    return this.#leases.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
