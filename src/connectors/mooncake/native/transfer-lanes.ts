import { LeaseGate } from '../../connection-pool/lease-gate.js';
import { remoteAborted } from '../../connector-errors.js';
import { type LibraryStore } from './library-store.js';

/** Longer memory is not kept for the next object. */
const KEPT_BYTES = 64 * 1024 * 1024;
const STEP_BYTES = 1024 * 1024;

/** A turn to transfer, with memory of its own for objects that do not lie in one piece in the arena. */
export class TransferLane {
  #scratch: Buffer | undefined;

  /** @param isRegistered whether a device has to know the memory. */
  constructor(
    private readonly store: LibraryStore,
    private readonly isRegistered: boolean,
  ) {}

  /** So many bytes; what was taken before is void. */
  async scratch(bytes: number): Promise<Buffer> {
    if (this.#scratch === undefined || this.#scratch.length < bytes) {
      await this.#drop();
      const scratch = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
      if (this.isRegistered) await this.store.register(scratch);
      this.#scratch = scratch;
    }
    return this.#scratch.subarray(0, bytes);
  }

  /** Nobody uses it for now. */
  async rest(): Promise<void> {
    if (this.#scratch !== undefined && this.#scratch.length > KEPT_BYTES) await this.#drop();
  }

  async #drop(): Promise<void> {
    const scratch = this.#scratch;
    this.#scratch = undefined;
    if (this.isRegistered && scratch !== undefined) await this.store.unregister(scratch);
  }
}

/** So many transfers at a time. */
export class TransferLanes {
  readonly #gate: LeaseGate;
  readonly #idle: TransferLane[];
  readonly #never = new AbortController().signal;

  constructor(
    private readonly label: string,
    lanes: readonly TransferLane[],
  ) {
    this.#gate = new LeaseGate(lanes.length);
    this.#idle = [...lanes];
  }

  /** @param signal ends the wait for a turn. @throws KV_REMOTE_ABORTED */
  async lease<T>(run: (lane: TransferLane) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted === true) throw remoteAborted(this.label);
    if (!this.#gate.tryEnter()) {
      await this.#gate.enter(signal ?? this.#never).catch(() => {
        throw remoteAborted(this.label);
      });
    }
    const lane = this.#idle.pop() as TransferLane;
    try {
      return await run(lane);
    } finally {
      await lane.rest();
      this.#idle.push(lane);
      this.#gate.leave();
    }
  }
}
