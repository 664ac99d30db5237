import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type ServerAddress } from '../options/client-url.js';

/** Who reads from a socket: it says where the next bytes go before they are read. */
export interface SocketReader {
  /** Undefined: to the scratch buffer. */
  readTarget(): Uint8Array | undefined;
  /** So many bytes are in what `readTarget` gave. */
  onDirectBytes(bytes: number): void;
  /** Bytes that are valid during the call only. */
  onBytes(bytes: Buffer): void;
}

/** What libuv's handle has and `node:net` does not show. */
interface Handle {
  readonly writeQueueSize?: number;
  useUserBuffer?(target: Uint8Array): void;
}

/** Where frames and small bodies are read. Each read is used up before the next one, so that all sockets share it. */
const SCRATCH = Buffer.allocUnsafeSlow(16 * 1024);
const KEEP_ALIVE_MS = 30_000;
const MAX_UNREAD_ANSWERS = 64;

/** A connection that reads into buffers of the reader's choice and writes from buffers without copying; over TLS both copy. */
export class ClientSocket {
  readonly socket: Socket;
  /** The other side has ended it, and takes no more of what was sent. */
  isGone = false;
  readonly #reader: SocketReader;
  readonly #isDirect: boolean;
  #target: Uint8Array | undefined;
  #isCorked = false;
  #unreadAnswers = 0;

  constructor(
    { host, port }: ServerAddress,
    tls: ConnectionOptions | undefined,
    reader: SocketReader,
    onOpen: () => void,
  ) {
    this.#reader = reader;
    this.#isDirect = tls === undefined;
    const common = {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
    if (tls === undefined) {
      this.socket = connect({ ...common, onread: this.#onread() })
        .once('connect', onOpen)
        .resume();
    } else {
      const named = isIP(host) === 0 ? { servername: host } : {};
      this.socket = connectTls({ ...common, ...named, ...tls })
        .once('secureConnect', onOpen)
        .on('data', (bytes: Buffer) => reader.onBytes(bytes));
    }
    this.socket
      .on('end', () => (this.isGone = true))
      .on('error', ({ code }: NodeJS.ErrnoException) => {
        this.isGone = code === 'ECONNRESET' || code === 'EPIPE';
      });
  }

  /** Bytes that were given to `write` and that the kernel has not taken; 0 where nobody can tell. */
  get unsentBytes(): number {
    return this.#handle?.writeQueueSize ?? 0;
  }

  /**
   * Bytes must not change until `sent` is called, or the socket is destroyed. What is written in one turn leaves in one
   * system call.
   */
  write(bytes: Uint8Array, sent?: () => void): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.socket.cork();
      process.nextTick(uncork, this);
    }
    this.socket.write(bytes, sent);
  }

  /** For what the other side can ask for without end: where it does not read what it was answered, it is answered no more. */
  answer(bytes: Uint8Array): void {
    if (this.#unreadAnswers === MAX_UNREAD_ANSWERS) return;
    this.#unreadAnswers++;
    this.write(bytes, () => this.#unreadAnswers--);
  }

  uncork(): void {
    this.#isCorked = false;
    this.socket.uncork();
  }

  /**
   * Asks for the target anew between two reads: nothing is written any more to the one that was given last. For rare
   * cases: libuv's handle keeps some 50 bytes for each call.
   *
   * @returns false where that cannot be: then only the end of the connection keeps bytes from the target.
   */
  retarget(): boolean {
    const handle = this.#handle;
    if (!this.#isDirect) return true;
    if (typeof handle?.useUserBuffer !== 'function') return false;
    handle.useUserBuffer(this.#nextTarget());
    return true;
  }

  get #handle(): Handle | null | undefined {
    return (this.socket as unknown as { readonly _handle?: Handle | null })._handle;
  }

  #onread(): { buffer: () => Uint8Array; callback: (bytes: number) => boolean } {
    return {
      buffer: () => this.#nextTarget(),
      callback: (bytes) => {
        if (this.#target === undefined) this.#reader.onBytes(SCRATCH.subarray(0, bytes));
        else this.#reader.onDirectBytes(bytes);
        return true;
      },
    };
  }

  #nextTarget(): Uint8Array {
    this.#target = this.#reader.readTarget();
    return this.#target ?? SCRATCH;
  }
}

function uncork(socket: ClientSocket): void {
  socket.uncork();
}
