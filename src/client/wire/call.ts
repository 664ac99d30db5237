import { type Deadlines, nowMs, type Timed } from '../../common/deadlines.js';
import { clientTimeout } from '../client-errors.js';
import { type BodySink } from './body-sink.js';
import { type ServerHello } from './hello.js';
import { type WireRequest } from './request.js';

/** Makes an answer of the frames that a server sends for a request. Ends with `onEnd` or with `onError`, once. */
export interface ReplyTaker {
  /**
   * A frame has come; its body, if it has one, follows. May be told the same again from the start, when the request had to
   * be sent anew.
   *
   * @param header valid during the call only.
   * @returns where its body goes; undefined: to nowhere.
   * @throws anything where the frame is not what the protocol says: the connection ends with it.
   */
  onReply(header: Buffer, bodyBytes: number, hello: ServerHello): BodySink | undefined;
  /** The body of the last frame is there. */
  onBody?(): void;
  /** The request is sent anew: what came so far is void. */
  onRestart?(): void;
  onEnd(): void;
  onError(error: unknown): void;
}

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** 0 = none. */
  readonly timeoutMs: number;
}

/** Where a call is under way. */
export interface CallCarrier {
  /** Nobody waits for it any more: nothing may be read from its body or written to its sink from now on. */
  abandon(call: Call): void;
  /** Nothing is read until `resume`, where it is this call's alone. */
  pause?(): void;
  resume?(): void;
}

/** Sent anew at most so often. */
const MAX_ATTEMPTS = 2;

/** A request from the caller's point of view, over all connections that it may need. */
export class Call implements Timed {
  /** Infinity: none. */
  readonly deadlineMs: number;
  /** Nobody waits any more; frames may still come. */
  isDone = false;
  /** Parts of its body are still read from the caller's memory. */
  isSending = false;
  requestId = 0;
  attempts = 0;
  /** A write that the server may still carry out at any time: also after another like it, and what came behind that. */
  isAtLarge = false;
  carrier: CallCarrier | undefined;
  readonly #limits: CallLimits;
  readonly #deadlines: Deadlines;

  constructor(
    readonly request: WireRequest,
    readonly taker: ReplyTaker,
    limits: CallLimits,
    deadlines: Deadlines,
  ) {
    this.#limits = limits;
    this.#deadlines = deadlines;
    const { timeoutMs, signal } = limits;
    this.deadlineMs = timeoutMs === 0 ? Infinity : nowMs() + timeoutMs;
    if (timeoutMs > 0) deadlines.add(this);
    signal?.addEventListener('abort', this);
  }

  /** What the server is told: at least 1 while there is a deadline, 0 without one. */
  get remainingMs(): number {
    return this.deadlineMs === Infinity ? 0 : Math.max(1, Math.ceil(this.deadlineMs - nowMs()));
  }

  /** Whether it can be sent again after the connection broke on which it was sent last. */
  get mayRestart(): boolean {
    if (this.attempts >= MAX_ATTEMPTS || this.isAtLarge) return false;
    return this.request.isIdempotent || this.isSending || this.attempts === 0;
  }

  end(): void {
    this.#settle();
    this.taker.onEnd();
  }

  fail(error: unknown): void {
    if (this.isDone) return;
    this.#settle();
    this.taker.onError(error);
  }

  /** As `fail`, and the server is told. */
  giveUp(error: unknown): void {
    if (this.isDone) return;
    const { carrier } = this;
    this.#settle();
    carrier?.abandon(this);
    this.taker.onError(error);
  }

  onDeadline(): void {
    this.giveUp(clientTimeout(this.#limits.timeoutMs));
  }

  /** The server says that the time is over. */
  onTimeout(): void {
    this.fail(clientTimeout(this.#limits.timeoutMs));
  }

  /** The connection broke on which it was sent. */
  restart(): void {
    this.isSending = false;
    this.carrier = undefined;
    this.taker.onRestart?.();
  }

  /** Of the signal. */
  handleEvent(): void {
    this.giveUp(this.#limits.signal?.reason);
  }

  #settle(): void {
    this.isDone = true;
    this.carrier = undefined;
    if (this.deadlineMs !== Infinity) this.#deadlines.delete(this);
    this.#limits.signal?.removeEventListener('abort', this);
  }
}
