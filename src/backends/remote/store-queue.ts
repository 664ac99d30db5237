import { AdmissionGate } from '../../common/admission-gate.js';
import { type Awaitable } from '../../common/awaitable.js';

export interface StoreQueueOptions {
  /** Bytes of accepted puts that have not finished; one that is larger goes alone. */
  readonly maxBytes: number;
  readonly maxChunks: number;
  /** How long a put waits for room. */
  readonly waitMs: number;
  /** Bytes of the puts that are being sent. */
  readonly maxSendingBytes: number;
  readonly maxSending: number;
}

/** The longest time a timer can be set to: who was accepted waits for his turn as long as it takes. */
const FOR_EVER_MS = 2 ** 31 - 1;

/**
 * Bounds the puts of a tier in bytes and in number, twice: those that were accepted, whose chunks stay in the arena,
 * and those of them that are being sent.
 */
export class StoreQueue {
  readonly #accepted: AdmissionGate;
  readonly #sending: AdmissionGate;

  constructor({ maxBytes, maxChunks, waitMs, maxSendingBytes, maxSending }: StoreQueueOptions) {
    this.#accepted = new AdmissionGate(maxBytes, waitMs, maxBytes / maxChunks);
    this.#sending = new AdmissionGate(maxSendingBytes, FOR_EVER_MS, maxSendingBytes / maxSending);
  }

  /** Bytes that were accepted and have not left, as they count: a small chunk counts its share of the number. */
  get bytes(): number {
    return this.#accepted.bytes;
  }

  /** @returns whether the put is accepted; then it must leave. */
  enter(lengthBytes: number): Awaitable<boolean> {
    return this.#accepted.enter(lengthBytes);
  }

  leave(lengthBytes: number): void {
    this.#accepted.leave(lengthBytes);
  }

  /** Runs `send` when it is its turn, first come, first served. */
  async send<T>(lengthBytes: number, send: () => Promise<T>): Promise<T> {
    await this.#sending.enter(lengthBytes);
    try {
      return await send();
    } finally {
      this.#sending.leave(lengthBytes);
    }
  }
}
