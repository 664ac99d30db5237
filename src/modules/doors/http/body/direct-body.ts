import { type BodySource } from './body-source.interface.js';
import { clientGone, tooLong, truncated } from './body-errors.js';
import { type ByteTarget, copyInto, Discard } from './byte-target.js';

/** What a body asks of its connection. */
export interface DirectChannel {
  /** Nothing is written to the last `readTarget` any more. */
  revoke(): void;
  /** Reads on. */
  resume(): void;
  /** The last byte of the body was delivered or thrown away. */
  bodyDone(): void;
}

const EMPTY = Buffer.alloc(0);

/** Bytes read at once: few enough that the checksum finds them in the processor's cache. */
const READ_BYTES = 256 * 1024;

/** A body that the kernel writes where its reader wants it, past the HTTP parser and its copies. */
export class DirectBody implements BodySource {
  readonly lengthBytes: number;
  readonly #channel: DirectChannel;
  /** Bytes that were not delivered yet, and those of them that are asked for. */
  #unread: number;
  #wanted = 0;
  #target: ByteTarget = new Discard();
  #done: ((error?: Error) => void) | undefined;
  /** Bytes that came before anybody asked. */
  #early: Buffer | undefined;
  #gone = false;

  constructor(lengthBytes: number, channel: DirectChannel) {
    this.lengthBytes = this.#unread = lengthBytes;
    this.#channel = channel;
  }

  receive(bytes: number, target: ByteTarget, done: (error?: Error) => void): void {
    if (this.#gone || bytes > this.#unread) {
      done(this.#gone ? clientGone() : truncated());
      return;
    }
    this.#wanted = bytes;
    this.#target = target;
    this.#done = done;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.deliver(early);
    if (this.#wanted > 0) this.#channel.resume();
  }

  end(done: (error?: Error) => void): void {
    if (this.#unread === 0) done();
    else done(tooLong());
  }

  discard(): void {
    this.#done = undefined;
    if (this.#unread === 0 || this.#gone) return;
    this.#channel.revoke();
    this.receive(this.#unread, new Discard(), () => undefined);
  }

  /** Whether somebody asks for bytes. */
  get wanted(): boolean {
    return this.#wanted > 0;
  }

  /** The connection is gone. */
  abort(): void {
    this.#gone = true;
    this.#finish(clientGone());
  }

  /** Where the next bytes go, or undefined while nobody asks for any. */
  readTarget(): Buffer | undefined {
    return this.#wanted === 0 ? undefined : this.#target.target(Math.min(this.#wanted, READ_BYTES));
  }

  /** So many bytes are in the last `readTarget`. @returns whether more may come. */
  arrived(bytes: number): boolean {
    try {
      this.#target.advance(bytes);
    } catch (error) {
      this.#finish(error as Error);
      return false;
    }
    return this.#account(bytes);
  }

  /** Bytes that were read to another place. @returns those that belong to what follows the body. */
  deliver(bytes: Buffer): Buffer {
    const early = this.#early ?? EMPTY;
    const mine = bytes.subarray(0, this.#unread - early.length);
    const now = mine.subarray(0, this.#wanted);
    if (now.length < mine.length) this.#early = Buffer.concat([early, mine.subarray(now.length)]);
    if (now.length > 0) {
      try {
        copyInto(this.#target, now);
        this.#account(now.length);
      } catch (error) {
        this.#finish(error as Error);
      }
    }
    return bytes.subarray(mine.length);
  }

  #account(bytes: number): boolean {
    this.#unread -= bytes;
    this.#wanted -= bytes;
    if (this.#unread === 0) this.#channel.bodyDone();
    if (this.#wanted > 0) return true;
    this.#finish();
    return this.#unread === 0;
  }

  #finish(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    this.#wanted = 0;
    this.#target = new Discard();
    done?.(error);
  }
}
