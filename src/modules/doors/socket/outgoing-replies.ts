import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type DirectSocket } from './direct-socket.js';

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
export class OutgoingReplies {
  /** Called whenever the kernel has taken bytes: there may be room again. */
  onSent: () => void = () => undefined;

  #buffers: Uint8Array[] = [];
  #handles: ArenaHandle[] = [];
  #queuedBytes = 0;
  #unsentBytes = 0;
  /** Of both: bytes of chunks that are sent from where they are. */
  #chunkBytes = 0;
  readonly #turns = new Set<() => void>();
  #closed = false;

  constructor(
    private readonly socket: DirectSocket,
    private readonly counters: { bytesOut: number },
  ) {}

  /** Whether the client must read, or others get their turn, before it gets more. */
  get isFull(): boolean {
    return this.#isFull(this.#queuedBytes + this.#unsentBytes);
  }

  /** As `isFull`, where chunks do not count: they wait for their turn. */
  get isFullOfSmall(): boolean {
    return this.#isFull(this.smallBytes);
  }

  /** What waits beside chunks: it lies on the heap. */
  get smallBytes(): number {
    return this.#queuedBytes + this.#unsentBytes - this.#chunkBytes;
  }

  get isEmpty(): boolean {
    return this.#queuedBytes + this.#unsentBytes === 0;
  }

  /** @param bytes must not change until they are sent. */
  push(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#buffers.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** The bytes of a chunk, with what stands before and behind them. Takes the reference over. */
  pushChunk(before: Uint8Array, handle: ArenaHandle, behind?: Uint8Array): void {
    const rest = behind === undefined ? [] : [behind];
    if (this.#closed) {
      handle[Symbol.dispose]();
      return;
    }
    if (handle.lengthBytes <= MAX_COPIED_BYTES) {
      using small = handle;
      this.push(Buffer.concat([before, ...small.views, ...rest]));
      return;
    }
    this.push(before);
    for (const view of handle.views) if (view.length > 0) this.push(view);
    for (const bytes of rest) this.push(bytes);
    this.#handles.push(handle);
    this.#chunkBytes += handle.lengthBytes;
  }

  /** Calls `write` as soon as the client has read enough: now, or in its turn; also when the connection is gone. */
  whenRoom(write: () => void): void {
    if (this.isFull) this.flush();
    if (this.#closed || (this.#turns.size === 0 && !this.isFull)) write();
    else this.#turns.add(write);
  }

  /** Whoever waits for its turn waits no more. */
  withdraw(write: () => void): void {
    this.#turns.delete(write);
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
    this.#closed = true;
    for (const handle of this.#handles) handle[Symbol.dispose]();
    this.#buffers = [];
    this.#handles = [];
    this.#queuedBytes = 0;
    for (const write of this.#turns) {
      this.#turns.delete(write);
      write();
    }
  }

  #isFull(bytes: number): boolean {
    if (bytes < MAX_UNSENT_BYTES) return false;
    return bytes >= MAX_TURN_BYTES || this.#queuedBytes + this.socket.waitingBytes >= MAX_UNSENT_BYTES;
  }

  #sent(bytes: number, handles: readonly ArenaHandle[]): void {
    this.#unsentBytes -= bytes;
    for (const handle of handles) {
      this.#chunkBytes -= handle.lengthBytes;
      handle[Symbol.dispose]();
    }
    this.#takeTurns();
    this.onSent();
  }

  #takeTurns(): void {
    if (this.#turns.size === 0) return;
    for (;;) {
      if (this.isFull) this.flush();
      const [write] = this.isFull ? [] : this.#turns;
      if (write === undefined) break;
      this.#turns.delete(write);
      write();
    }
    this.flush();
  }
}
