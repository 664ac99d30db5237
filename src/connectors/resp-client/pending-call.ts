import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type BodySink } from './body-reader.js';

/** Says where a long bulk goes: `replies` are those of the same call that came before it. Undefined: it is dropped. */
export type BodyTaker = (lengthBytes: number, replies: readonly RespValue[]) => BodySink | undefined;

export interface RespCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many replies the request gets. Default 1. */
  readonly replies?: number;
  /** Without it, bulks of any length are gathered in buffers. */
  readonly onBody?: BodyTaker | undefined;
  /** The request is long: when the call is taken back, so is its connection. */
  readonly isLong?: boolean;
}

/** What the replies to one call may take on the heap: pages of long keys, or the map of a large cluster. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;
/** Beside a value come metadata and short lines. */
const MAX_REPLY_BYTES_BESIDE_VALUE = 64 * 1024;

/** Commands that were sent, until their replies are there. */
export class PendingCall {
  readonly promise: Promise<readonly RespValue[]>;
  readonly onBody: BodyTaker | undefined;
  readonly replies: RespValue[] = [];
  /** What is on its way for it is too much to wait for in vain. */
  readonly isExclusive: boolean;
  readonly isLong: boolean;
  /** Nobody waits any more; the replies are still to come. */
  isAbandoned = false;
  isSent = false;
  /** What the replies that are still to come may take on the heap, as the parser counts. */
  roomBytes: number;
  readonly #count: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #resolve!: (replies: readonly RespValue[]) => void;
  #reject!: (error: unknown) => void;

  constructor(
    { replies = 1, onBody, signal, isLong = false }: RespCallOptions,
    onAbort: (call: PendingCall) => void,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.onBody = onBody;
    this.isExclusive = isLong || onBody !== undefined;
    this.isLong = isLong;
    this.roomBytes = this.isExclusive ? MAX_REPLY_BYTES_BESIDE_VALUE : MAX_REPLY_BYTES;
    this.#count = replies;
    this.#signal = signal;
    this.#onAbort = () => onAbort(this);
    signal?.addEventListener('abort', this.#onAbort);
  }

  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /**
   * @param bytes what the reply takes on the heap.
   * @returns whether the call is complete with it.
   */
  add(reply: RespValue, bytes: number): boolean {
    this.replies.push(reply);
    this.roomBytes -= bytes;
    return this.replies.length === this.#count;
  }

  /** All replies are there. */
  succeed(): void {
    this.#settle();
    this.#resolve(this.replies);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
