import { type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { type Awaitable } from '../../../common/awaitable.js';
import { RespRequestParser } from '../../../protocols/resp/resp-request-parser.js';
import {
  type RespCommand,
  type RespProtocolError,
  type RespValueStart,
} from '../../../protocols/resp/resp-request.interface.js';
import { type DirectReader, DirectSocket } from '../socket/direct-socket.js';
import { CommandRunner } from './command-runner.js';
import { IncomingValue } from './incoming-value.js';
import { nameKey } from './keyspace/named-key.js';
import { ReplyWriter } from './reply-writer.js';
import { type RespDoorServices } from './resp-door-services.js';
import { RespSession } from './resp-session.js';

const logger = new Logger('RespDoor');

/**
 * Where everything goes that is not the value of a `SET`: commands, and the first bytes of a value behind its command.
 * One for all connections, because it is used up before the next read; what a blocked connection leaves is set aside.
 */
const header = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * One client. Its commands are executed one at a time and in order. While one waits for a tier, or for the client to
 * read its replies, nothing is read from the socket: TCP holds the client back, and the connection costs nothing.
 *
 * A value is read straight to its place in the arena; only those of its bytes that came along with its command are
 * copied there.
 */
export class RespConnection implements DirectReader {
  readonly session: RespSession;
  readonly #services: RespDoorServices;
  readonly #onClose: (connection: RespConnection) => void;
  readonly #socket: DirectSocket;
  readonly #reply: ReplyWriter;
  readonly #runner: CommandRunner;
  readonly #parser = new RespRequestParser();
  /** What was read and not parsed: from `#at` to `#end`. */
  #input = header;
  #at = 0;
  #end = 0;
  #value: IncomingValue | undefined;
  #waiting = false;
  #paused = false;
  /** What still comes is read and ignored. */
  #closing = false;
  #closed = false;
  #resumeWriting: (() => void) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    accepted: Socket,
    id: number,
    services: RespDoorServices,
    onClose: (connection: RespConnection) => void,
  ) {
    this.#services = services;
    this.#onClose = onClose;
    this.#socket = new DirectSocket(accepted, this);
    this.session = new RespSession(id, this.#socket.peer, !services.auth.required, services.clock.nowMs());
    this.#reply = new ReplyWriter(this.#socket, services.counters);
    this.#reply.onSent = () => this.#onSent();
    this.#runner = new CommandRunner(this.session, this.#reply, services, () => this.#drained());
  }

  get fd(): number {
    return this.#socket.fd;
  }

  /** Whether nothing is in flight: no command half read or half done, no reply unsent. */
  get isIdle(): boolean {
    return !this.#waiting && this.#value === undefined && this.#parser.isIdle && this.#reply.isEmpty;
  }

  /** Resolves when nothing is in flight, or the connection is gone. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#tellIdle();
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

  readTarget(): Buffer {
    const value = this.#value;
    return value === undefined || value.remainingBytes === 0 || this.#isBlocked || this.#closing
      ? header
      : value.target();
  }

  onBytes(target: Buffer, bytes: number): boolean {
    this.#services.counters.bytesIn += bytes;
    if (this.#closing) return true;
    if (target === header) {
      this.#input = header;
      this.#at = 0;
      this.#end = bytes;
    } else {
      this.#value?.advance(bytes);
      if (this.#value?.remainingBytes === 0) this.#parser.endValue();
    }
    this.#pump();
    this.#paused = this.#isBlocked;
    return !this.#paused;
  }

  onClose(): void {
    this.#closed = this.#closing = true;
    this.#dropValue();
    this.#reply.close();
    this.#resumeWriting?.();
    this.#tellIdle();
    this.#onClose(this);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Says goodbye as soon as the replies so far are sent. */
  end(): void {
    this.#closing = true;
    this.#reply.flush();
    this.#socket.end();
  }

  get #isBlocked(): boolean {
    return this.#waiting || this.#reply.isFull;
  }

  /** A defect costs one connection, never the server. */
  #pump(): void {
    try {
      this.#work();
    } catch (error) {
      logger.error('A connection failed', error instanceof Error ? error.stack : String(error));
      this.destroy();
    }
  }

  /** Executes what has been read until it is used up, a command waits, or the client must read first. */
  #work(): void {
    while (this.#at < this.#end && !this.#waiting && !this.#closing) {
      if (this.#reply.isFull) this.#reply.flush();
      if (this.#reply.isFull) break;
      if (this.#value !== undefined && this.#value.remainingBytes > 0) this.#copyToValue(this.#value);
      else if (!this.#parse()) break;
    }
    this.#reply.flush();
    if (this.#at < this.#end && this.#input === header) this.#setAside();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#onIdle !== undefined && (this.isIdle || this.#closed)) this.#onIdle();
  }

  #setAside(): void {
    this.#input = Buffer.from(header.subarray(this.#at, this.#end));
    this.#end -= this.#at;
    this.#at = 0;
  }

  /** @returns false when all bytes are used up. */
  #parse(): boolean {
    const event = this.#parser.push(this.#input, this.#at, this.#end);
    this.#at = this.#parser.position;
    if (event === undefined) return false;
    if (event.kind === 'command') this.#execute(event);
    else if (event.kind === 'value-start') this.#receive(event);
    else this.#reject(event);
    return true;
  }

  #copyToValue(value: IncomingValue): void {
    const bytes = Math.min(value.remainingBytes, this.#end - this.#at);
    value.write(this.#input.subarray(this.#at, this.#at + bytes));
    this.#at += bytes;
    if (value.remainingBytes === 0) this.#parser.endValue();
  }

  #execute(command: RespCommand): void {
    const value = this.#value;
    this.#value = undefined;
    this.#await(this.#runner.run(command, value), () => {
      value?.[Symbol.dispose]();
      if (command.name === 'QUIT') this.end();
    });
  }

  #receive({ key, lengthBytes }: RespValueStart): void {
    const { counters, keyspace } = this.#services;
    if (!this.session.authenticated) {
      this.#accept(IncomingValue.toNowhere(lengthBytes, 'rejected'));
      return;
    }
    const fail = (): void => {
      counters.commandFailures++;
      this.#accept(IncomingValue.toNowhere(lengthBytes, 'internal'));
    };
    try {
      const room = keyspace.receive(nameKey(key, this.session.database), lengthBytes);
      if (room instanceof Promise) this.#await(room.then((value) => this.#accept(value)).catch(fail));
      else this.#accept(room);
    } catch {
      fail();
    }
  }

  #accept(value: IncomingValue): void {
    if (this.#closed) value[Symbol.dispose]();
    else this.#value = value;
  }

  #reject({ message }: RespProtocolError): void {
    this.#services.counters.protocolErrors++;
    this.#dropValue();
    this.#reply.error(`ERR ${message}`);
    this.end();
  }

  #await(work: Awaitable<void>, then?: () => void): void {
    if (!(work instanceof Promise)) {
      then?.();
      return;
    }
    this.#waiting = true;
    void work.then(() => {
      this.#waiting = false;
      then?.();
      if (this.#closed) this.#reply.close();
      else this.#proceed();
    });
  }

  #proceed(): void {
    this.#pump();
    if (this.#isBlocked || this.#closed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #onSent(): void {
    if (this.#reply.isFull || this.#closed) return;
    const resumeWriting = this.#resumeWriting;
    this.#resumeWriting = undefined;
    if (resumeWriting !== undefined) resumeWriting();
    else if (this.#paused) this.#proceed();
    else this.#tellIdle();
  }

  #drained(): Awaitable<void> {
    if (!this.#reply.isFull || this.#closed) return;
    this.#reply.flush();
    return new Promise((resolve) => {
      this.#resumeWriting = resolve;
    });
  }

  #dropValue(): void {
    this.#value?.[Symbol.dispose]();
    this.#value = undefined;
  }
}
