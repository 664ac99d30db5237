import { Socket } from 'node:net';
import { takeHandle, type TcpHandle } from './tcp-handle.js';

/** Who reads from a `DirectSocket`: it chooses where the bytes go before they are read. */
export interface DirectReader {
  /** Where the next bytes go. Asked anew before every read; never empty. */
  readTarget(): Buffer;
  /**
   * The first `bytes` bytes of `target` are new.
   *
   * @returns false to stop reading until `resume`; what is read then goes to the target that is asked for next.
   */
  onBytes(target: Buffer, bytes: number): boolean;
  /** Called once, when the connection is gone, by whatever way; no other call follows. */
  onClose(): void;
}

/** How long the peer may take to hang up after `end`. */
const LINGER_MS = 1000;

/**
 * An accepted connection that reads into buffers of the reader's choice and writes from buffers without copying.
 *
 * `node:net` offers this (`onread`) only for sockets one makes oneself, so the handle of the accepted socket moves to
 * a new one. Where there is no handle to move, bytes are copied from `'data'` events to the same targets.
 * The server must be made with `pauseOnConnect: true`.
 */
export class DirectSocket {
  readonly fd: number;
  readonly peer: string;
  readonly #socket: Socket;
  readonly #handle: TcpHandle | undefined;
  readonly #reader: DirectReader;
  #target: Buffer;
  #unread: Buffer | undefined;

  constructor(accepted: Socket, reader: DirectReader) {
    this.#reader = reader;
    this.#target = reader.readTarget();
    this.#handle = takeHandle(accepted);
    this.fd = this.#handle?.fd ?? -1;
    this.#socket = this.#handle === undefined ? accepted : this.#rewrap(this.#handle);
    if (this.#handle === undefined) this.#socket.on('data', (chunk: Buffer) => this.#copyIn(chunk));
    this.#socket.on('error', ignoreError);
    this.#socket.on('close', () => reader.onClose());
    this.peer = `${this.#socket.remoteAddress ?? '?'}:${this.#socket.remotePort ?? 0}`;
    this.#socket.resume();
  }

  /** Bytes of those writes that the kernel has not taken whole. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Bytes of the write that is under way which the kernel has not taken: it moves while the client reads. */
  get unsentBytes(): number {
    return this.#handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /**
   * Sends the buffers in order, in one system call where the kernel takes them; they must not change until `sent` is
   * called: once, also when the connection fails.
   */
  send(buffers: readonly Uint8Array[], sent: () => void): void {
    const socket = this.#socket;
    const last = buffers.length - 1;
    socket.cork();
    for (let i = 0; i < last; i++) socket.write(buffers[i] as Uint8Array);
    socket.write(buffers[last] as Uint8Array, sent);
    socket.uncork();
  }

  /**
   * Asks for the target anew, in the midst of a read that has brought nothing yet: nothing will be written to the
   * target given last. For rare cases: libuv's handle keeps some 50 bytes for each call until the connection closes.
   */
  retarget(): void {
    if (this.#handle !== undefined && !this.#socket.destroyed) this.#handle.useUserBuffer(this.#nextTarget());
  }

  /** Reads on after `onBytes` returned false, first to the target that was asked for then. */
  resume(): void {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined && !this.#deliver(unread)) return;
    this.#socket.resume();
  }

  /** Sends what was given to `send`, then hangs up. */
  end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #rewrap(handle: TcpHandle): Socket {
    const reader = this.#reader;
    const options = {
      handle,
      onread: {
        buffer: () => this.#nextTarget(),
        callback: (bytes: number) => reader.onBytes(this.#target, bytes),
      },
    };
    return new Socket(options as object);
  }

  #nextTarget(): Buffer {
    this.#target = this.#reader.readTarget();
    return this.#target;
  }

  #copyIn(chunk: Buffer): void {
    if (!this.#deliver(chunk)) this.#socket.pause();
  }

  /** @returns false when the reader stopped; the rest is kept for `resume`. */
  #deliver(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length && !this.#socket.destroyed) {
      const target = this.#reader.readTarget();
      const bytes = chunk.copy(target, 0, at);
      at += bytes;
      if (this.#reader.onBytes(target, bytes)) continue;
      if (at < chunk.length) this.#unread = chunk.subarray(at);
      return false;
    }
    return true;
  }
}

/** Options a server needs so that its connections can become `DirectSocket`s. */
export const DIRECT_SERVER_OPTIONS = {
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;

/** A failed connection is told by `'close'`, which always follows. */
function ignoreError(): void {
  // Nothing to do: without a listener the process would end.
}
