import { type ArenaHandle } from '../../../arena/arena.interface.js';
import {
  arrayHeader,
  bulkHeader,
  bulkReply,
  encodeReply,
  errorReply,
  integerReply,
  nullReply,
  RESP_CRLF,
  RESP_OK,
  type RespReply,
  type RespVersion,
  simpleReply,
} from '../../../protocols/resp/resp-writer.js';
import { type DirectSocket } from '../socket/direct-socket.js';
import { type RespCounters } from './resp-counters.js';

/** Reply bytes that the kernel has not taken, beyond which no further command is executed. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Reply bytes of one turn of the event loop beyond which others get theirs. */
const MAX_TURN_BYTES = 8 * 1024 * 1024;
/** Chunks up to this length are cheaper to copy than to send from where they are. */
const MAX_COPIED_BYTES = 4096;

/**
 * The replies of one connection, in order. They are collected until `flush`, so that a batch of commands costs one
 * system call. Chunks are sent out of the arena; their references are held until the kernel has all the bytes.
 */
export class ReplyWriter {
  version: RespVersion = 2;
  /** Called whenever the kernel has taken bytes: there may be room again. */
  onSent: () => void = () => undefined;

  #buffers: Uint8Array[] = [];
  #handles: ArenaHandle[] = [];
  #queuedBytes = 0;
  #unsentBytes = 0;

  constructor(
    private readonly socket: DirectSocket,
    private readonly counters: RespCounters,
  ) {}

  /** Whether the client must read, or others get their turn, before it gets more. */
  get isFull(): boolean {
    const bytes = this.#queuedBytes + this.#unsentBytes;
    if (bytes < MAX_UNSENT_BYTES) return false;
    return bytes >= MAX_TURN_BYTES || this.#queuedBytes + this.socket.unsentBytes >= MAX_UNSENT_BYTES;
  }

  get isEmpty(): boolean {
    return this.#queuedBytes + this.#unsentBytes === 0;
  }

  ok(): void {
    this.#push(RESP_OK);
  }

  null(): void {
    this.#push(nullReply(this.version));
  }

  integer(value: number): void {
    this.#push(integerReply(value));
  }

  simple(text: string): void {
    this.#push(simpleReply(text));
  }

  /** @param text begins with Redis's code word: `ERR …`. */
  error(text: string): void {
    this.counters.commandErrors++;
    this.#push(errorReply(text));
  }

  /** A small value, by copying. */
  bulk(value: Uint8Array | string): void {
    this.#push(bulkReply(value));
  }

  /** Text for people: a verbatim string in version 3. */
  verbatim(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    if (this.version === 2) this.bulk(bytes);
    else this.#push(Buffer.concat([Buffer.from(`=${bytes.length + 4}\r\ntxt:`), bytes, RESP_CRLF]));
  }

  arrayHeader(length: number): void {
    this.#push(arrayHeader(length));
  }

  /** A tree of small values, by copying. */
  tree(reply: RespReply): void {
    this.#push(encodeReply(reply, this.version));
  }

  /** A reply that is encoded already. */
  encoded(bytes: Uint8Array): void {
    this.#push(bytes);
  }

  /** The bytes of a chunk. Takes the reference over. */
  chunk(handle: ArenaHandle): void {
    if (handle.lengthBytes <= MAX_COPIED_BYTES) {
      using small = handle;
      this.#push(Buffer.concat([bulkHeader(small.lengthBytes), ...small.views, RESP_CRLF]));
      return;
    }
    this.#push(bulkHeader(handle.lengthBytes));
    for (const view of handle.views) if (view.length > 0) this.#push(view);
    this.#push(RESP_CRLF);
    this.#handles.push(handle);
  }

  /** Hands everything collected to the socket. */
  flush(): void {
    if (this.#buffers.length === 0) return;
    const handles = this.#handles;
    const buffers = handles.length === 0 ? [Buffer.concat(this.#buffers)] : this.#buffers;
    const bytes = this.#queuedBytes;
    this.#buffers = [];
    this.#handles = [];
    this.#queuedBytes = 0;
    this.#unsentBytes += bytes;
    this.counters.bytesOut += bytes;
    this.socket.send(buffers, () => this.#sent(bytes, handles));
  }

  /** The connection is gone: what was not handed to the socket is dropped. */
  close(): void {
    for (const handle of this.#handles) handle[Symbol.dispose]();
    this.#buffers = [];
    this.#handles = [];
    this.#queuedBytes = 0;
  }

  #push(bytes: Uint8Array): void {
    this.#buffers.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #sent(bytes: number, handles: readonly ArenaHandle[]): void {
    this.#unsentBytes -= bytes;
    for (const handle of handles) handle[Symbol.dispose]();
    this.onSent();
  }
}
