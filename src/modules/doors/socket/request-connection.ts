import { type Socket } from 'node:net';
import { type Logger } from '@nestjs/common';
import { type Awaitable } from '../../../common/awaitable.js';
import { type DirectReader, DirectSocket } from './direct-socket.js';
import { IncomingValue } from './incoming-value.js';
import { OutgoingReplies } from './outgoing-replies.js';
import { type SocketCounters } from './socket-counters.js';
import { UnparsedInput } from './unparsed-input.js';

/** Finds the requests in what a client sends: each call of `push` ends at the first event. */
export interface RequestParser<Event> {
  /** Offset in the buffer last pushed of the first byte that was not consumed. */
  readonly position: number;
  /** Whether the stream stands between two requests. */
  readonly isIdle: boolean;
  push(buffer: Buffer, start: number, end: number): Event | undefined;
}

export interface ConnectionParts {
  readonly accepted: Socket;
  readonly counters: SocketCounters;
  readonly logger: Logger;
}

/**
 * One client. What it sends is executed one after the other: while `await` waits for something, or the client must read
 * its replies first, nothing is read from the socket. TCP holds the client back, and the connection costs nothing. A
 * protocol that answers in any order awaits nothing but room for what is sent next; what it pushes later leaves with
 * `flushSoon`.
 *
 * A value is read straight to its place in the arena; only those of its bytes that came along with its request are
 * copied there.
 */
export abstract class RequestConnection<Event> implements DirectReader {
  protected readonly replies: OutgoingReplies;
  readonly #parser: RequestParser<Event>;
  readonly #counters: SocketCounters;
  readonly #logger: Logger;
  readonly #onClose: () => void;
  readonly #socket: DirectSocket;
  readonly #input = new UnparsedInput();
  #value: IncomingValue | undefined;
  /** `onValueEnd` was called for the value. */
  #ended = false;
  #waiting = false;
  #paused = false;
  /** What still comes is read and ignored. */
  #closing = false;
  #closed = false;
  #pumping = false;
  #flushing = false;
  #receivedBytes = 0;
  #onIdle: (() => void) | undefined;

  constructor(
    { accepted, counters, logger }: ConnectionParts,
    parser: RequestParser<Event>,
    onClose: () => void,
  ) {
    this.#parser = parser;
    this.#counters = counters;
    this.#logger = logger;
    this.#onClose = onClose;
    this.#socket = new DirectSocket(accepted, this);
    this.replies = new OutgoingReplies(this.#socket, counters);
    this.replies.onSent = () => this.#onSent();
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get peer(): string {
    return this.#socket.peer;
  }

  /** Whether nothing is in flight: no request half read or half done, no reply unsent. */
  get isIdle(): boolean {
    return !this.#waiting && this.#value === undefined && this.#parser.isIdle && this.replies.isEmpty;
  }

  /** Resolves when nothing is in flight, or the connection is gone. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.tellIdle();
    });
  }

  /** The value that is being received, for the watch on stalled clients. */
  get incoming(): IncomingValue | undefined {
    return this.#waiting ? undefined : this.#value;
  }

  /** The value being received loses its place in the arena; the rest of it is read and dropped. */
  abandonIncoming(): void {
    this.#value?.abandon('stalled');
    this.#socket.retarget();
  }

  get unsentBytes(): number {
    return this.#socket.unsentBytes;
  }

  /** All that the client has sent. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether nothing is read until something else has happened: the client is not to blame for its silence. */
  get isPaused(): boolean {
    return this.#paused;
  }

  readTarget(): Buffer {
    const value = this.#value;
    return value === undefined || value.remainingBytes === 0 || this.#isBlocked || this.#closing
      ? this.#input.target()
      : value.target();
  }

  onBytes(target: Buffer, bytes: number): boolean {
    this.#counters.bytesIn += bytes;
    this.#receivedBytes += bytes;
    if (this.#closing) return true;
    if (this.#input.owns(target)) this.#input.filled(target, bytes);
    else this.#value?.advance(bytes);
    this.#pump();
    this.#paused = this.#isBlocked;
    return !this.#paused;
  }

  onClose(): void {
    this.#closed = this.#closing = true;
    this.#dropValue();
    this.#onClose();
    this.replies.close();
    this.tellIdle();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Says goodbye as soon as the replies so far are sent. */
  end(): void {
    this.#closing = true;
    this.#dropValue();
    this.replies.flush();
    this.#socket.end();
  }

  /** Executes what the parser found. */
  protected abstract onEvent(event: Event): void;
  /** All bytes of the value are there; `takeValue` gives it. */
  protected abstract onValueEnd(): void;

  /** Takes a value in: what the client sends next goes where `room` says, or nowhere if that fails. */
  protected receive(lengthBytes: number, room: () => Awaitable<IncomingValue>): void {
    const fail = (): void => {
      this.#counters.commandFailures++;
      this.#accept(IncomingValue.toNowhere(lengthBytes, 'internal'));
    };
    try {
      const value = room();
      if (value instanceof Promise) this.await(value.then((there) => this.#accept(there)).catch(fail));
      else this.#accept(value);
    } catch {
      fail();
    }
  }

  /** The value that was received last; it is the caller's now. */
  protected takeValue(): IncomingValue | undefined {
    const value = this.#value;
    this.#value = undefined;
    this.#ended = false;
    return value;
  }

  /** Reads and executes nothing further until the work is done, which must not reject. */
  protected await(work: Awaitable<void>, then?: () => void): void {
    if (!(work instanceof Promise)) {
      then?.();
      return;
    }
    this.#waiting = true;
    void work.then(() => {
      this.#waiting = false;
      then?.();
      if (!this.#closed) this.#proceed();
    });
  }

  protected get isClosed(): boolean {
    return this.#closed;
  }

  /** Hands collected replies to the client, and waits until it has read enough of them. */
  protected drained(): Awaitable<void> {
    if (!this.replies.isFull || this.#closed) return;
    return new Promise((resolve) => this.replies.whenRoom(resolve));
  }

  /** For replies that are pushed when nothing is being read: those of one turn leave together. */
  protected flushSoon(): void {
    if (this.#pumping || this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.replies.flush();
      this.tellIdle();
    });
  }

  /** Whether the client must read before more of what it sends is executed. */
  protected get mustRead(): boolean {
    return this.replies.isFull;
  }

  /** Tells who waits for it that nothing is in flight any more. */
  protected tellIdle(): void {
    if (this.#onIdle !== undefined && (this.isIdle || this.#closed)) this.#onIdle();
  }

  /** A defect costs one connection, never the server. */
  protected fail(error: unknown): void {
    this.#logger.error('A connection failed', error instanceof Error ? error.stack : String(error));
    this.destroy();
  }

  get #isBlocked(): boolean {
    return this.#waiting || this.mustRead;
  }

  #pump(): void {
    this.#pumping = true;
    try {
      this.#work();
    } catch (error) {
      this.fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** Executes what has been read until it is used up, a request waits, or the client must read first. */
  #work(): void {
    while (!this.#waiting && !this.#closing) {
      if (this.mustRead) this.replies.flush();
      if (this.mustRead) break;
      if (!this.#step()) break;
    }
    this.replies.flush();
    this.#input.setAside();
    this.tellIdle();
  }

  /** @returns false when all bytes are used up. */
  #step(): boolean {
    const value = this.#ended ? undefined : this.#value;
    if (value?.remainingBytes === 0) {
      this.#ended = true;
      this.onValueEnd();
    } else if (this.#input.isUsedUp) return false;
    else if (value === undefined) return this.#parse();
    else value.write(this.#input.take(value.remainingBytes));
    return true;
  }

  #parse(): boolean {
    const input = this.#input;
    const event = this.#parser.push(input.buffer, input.at, input.end);
    input.at = this.#parser.position;
    if (event === undefined) return false;
    this.onEvent(event);
    return true;
  }

  #accept(value: IncomingValue): void {
    this.#input.meetValue();
    if (this.#closed) value[Symbol.dispose]();
    else this.#value = value;
  }

  #proceed(): void {
    this.#pump();
    if (this.#isBlocked || this.#closed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #onSent(): void {
    if (this.#closed) return;
    if (this.#paused && !this.#isBlocked) this.#proceed();
    else this.tellIdle();
  }

  #dropValue(): void {
    this.takeValue()?.[Symbol.dispose]();
  }
}
