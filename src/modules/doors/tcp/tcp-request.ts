import { type ArenaHandle } from '../../../arena/arena.interface.js';
import {
  encodeFrame,
  encodeJsonFrame,
  FLAG_END,
  FRAME_PREFIX_BYTES,
  FRAME_TYPES,
  MAX_HEADER_BYTES,
  writeFramePrefix,
} from '../../../protocols/kvnest-tcp/frame.js';
import { answerTooLarge, errorBody, timedOut } from './tcp-errors.js';

/** Longest time that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Where what is big waits for its turn to be sent. */
export interface Turns {
  /** Calls `write` when the client has read enough of what was sent before, also when the connection is gone. */
  whenRoom(write: () => void): void;
  /** It waits no more. */
  withdraw(write: () => void): void;
}

/** What a request needs of its connection. */
export interface RequestHost {
  /** Sends what stands in front of a chunk, if there is one, and the chunk, which belongs to the host. */
  send(frame: Buffer, chunk?: ArenaHandle): void;
  readonly turns: Turns;
  /** A request is answered with an error. */
  failed(error: unknown): void;
  /** The request is over; its number may be used again. */
  release(request: TcpRequest): void;
}

/** Writes a header of `headerBytes` at `offset`. */
export interface HeaderWriter {
  readonly headerBytes: number;
  write(target: Buffer, offset: number): void;
}

/**
 * A request in flight. It is over with its last answer, an error, a cancel, its time-out or the end of its connection;
 * what is answered after that goes nowhere.
 */
export class TcpRequest {
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #cleanup: (() => void) | undefined;
  /** What waits for room. */
  readonly #turns = new Set<() => void>();

  constructor(
    readonly id: number,
    private readonly host: RequestHost,
    /** What it keeps of what the client has sent. */
    readonly heldBytes: number,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  /** What is to be done when the request ends before its last answer. Called once; a second one replaces it. */
  onAbort(cleanup: () => void): void {
    if (this.#ended) cleanup();
    else this.#cleanup = cleanup;
  }

  /** @param header is sent as it is. */
  reply(header: Uint8Array | undefined, { end }: { readonly end: boolean }): void {
    if (this.#ended) return;
    this.host.send(encodeFrame(this.#fields(end), header));
    if (end) this.#end();
  }

  /** Ends with KV_TCP_ANSWER_TOO_LARGE where the header is longer than any may be. */
  replyJson(header: object, { end }: { readonly end: boolean }): void {
    if (this.#ended) return;
    const frame = encodeJsonFrame(this.#fields(end), header);
    const headerBytes = frame.length - FRAME_PREFIX_BYTES;
    if (headerBytes > MAX_HEADER_BYTES) {
      this.fail(answerTooLarge(headerBytes));
      return;
    }
    this.host.send(frame);
    if (end) this.#end();
  }

  /** Takes the chunk over. */
  replyChunk(header: HeaderWriter, chunk: ArenaHandle, { end }: { readonly end: boolean }): void {
    if (this.#ended) {
      chunk[Symbol.dispose]();
      return;
    }
    const { headerBytes } = header;
    const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + headerBytes);
    writeFramePrefix(frame, { ...this.#fields(end), bodyBytes: chunk.lengthBytes }, headerBytes);
    header.write(frame, FRAME_PREFIX_BYTES);
    this.host.send(frame, chunk);
    if (end) this.#end();
  }

  /** Calls `write` when it is this request's turn to send something big, or when it is over. */
  whenRoom(write: () => void): void {
    if (this.#ended) {
      write();
      return;
    }
    const turn = (): void => {
      this.#turns.delete(turn);
      write();
    };
    this.#turns.add(turn);
    this.host.turns.whenRoom(turn);
  }

  /** Ends with an `ERROR`. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const { told, frame } = this.#errorFrame(error);
    this.host.failed(told);
    this.host.send(frame);
    this.abort();
  }

  /** Ends without a word. */
  abort(): void {
    if (this.#ended) return;
    const cleanup = this.#cleanup;
    this.#end();
    cleanup?.();
    for (const turn of this.#turns) {
      this.host.turns.withdraw(turn);
      turn();
    }
  }

  /** @param timeoutMs 0 = none. */
  expireAfter(timeoutMs: number, onExpiry: () => void): void {
    if (this.#ended || timeoutMs === 0) return;
    const expire = (): void => {
      onExpiry();
      this.fail(timedOut(timeoutMs));
    };
    this.#timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS)).unref();
  }

  /** Errors of handlers may be longer than a frame, or what JSON has no word for. */
  #errorFrame(told: unknown): { readonly told: unknown; readonly frame: Buffer } {
    const fields = { type: FRAME_TYPES.ERROR, requestId: this.id };
    try {
      const frame = encodeJsonFrame(fields, errorBody(told));
      const headerBytes = frame.length - FRAME_PREFIX_BYTES;
      return headerBytes > MAX_HEADER_BYTES ? this.#errorFrame(answerTooLarge(headerBytes)) : { told, frame };
    } catch (defect) {
      return { told: defect, frame: encodeJsonFrame(fields, errorBody(defect)) };
    }
  }

  #fields(end: boolean): { type: typeof FRAME_TYPES.REPLY; requestId: number; flags: number } {
    return { type: FRAME_TYPES.REPLY, requestId: this.id, flags: end ? FLAG_END : 0 };
  }

  #end(): void {
    this.#ended = true;
    this.#cleanup = undefined;
    clearTimeout(this.#timer);
    this.host.release(this);
  }
}
