import { randomBytes } from 'node:crypto';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { LEASE_BYTES } from '../../protocols/kvnest-tcp/locate.js';

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
  /** Bytes that were held, from the start on. */
  grantedBytes = 0;
  #heldBytes = 0;
  readonly #leases = new Map<string, Lease>();
  readonly #idle: (() => void)[] = [];

  /** @param maxBytes most bytes that are held for all peers together. */
  constructor(private readonly maxBytes: number) {}

  get count(): number {
    return this.#leases.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Counts bytes that are to be leased, or that are being read for it. @returns false: there are too many. */
  tryHold(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.maxBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Bytes that were counted are not held after all. */
  letGo(bytes: number): void {
    this.#heldBytes -= bytes;
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
      this.#heldBytes -= handle.lengthBytes;
      handle[Symbol.dispose]();
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
