import { connect, type Socket } from 'node:net';

/** A decoded reply: errors and statuses keep their sign (`-ERR …`, `+OK`), integers are numbers, bulks are buffers. */
export type RespReply = string | number | Buffer | null | RespReply[] | { readonly map: RespReply[] };

interface Waiter {
  resolve(reply: RespReply): void;
  reject(error: Error): void;
}

const CRLF = Buffer.from('\r\n');

/** Encodes a command as clients do. */
export function encodeCommand(...args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

/** A plain client: what it sends and what comes back, to the byte. */
export class RespTestClient implements Disposable {
  /** Resolves when the server has hung up, with whether it did so by a reset. */
  readonly closed: Promise<boolean>;
  readonly #waiters: Waiter[] = [];
  #store = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  #parsed = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#append(chunk);
      this.#settle();
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      let reset = false;
      socket.on('error', () => (reset = true));
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error('connection closed'));
        resolve(reset);
      });
    });
  }

  static open(port: number): Promise<RespTestClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RespTestClient(socket));
      });
    });
  }

  /** Everything that was received. */
  get received(): Buffer {
    return this.#store.subarray(0, this.#length);
  }

  /** Sends a command and waits for its reply. */
  async call(...args: readonly (string | Buffer)[]): Promise<RespReply> {
    return this.send(encodeCommand(...args));
  }

  /** Sends bytes as they are and waits for one reply. */
  async send(bytes: Buffer): Promise<RespReply> {
    this.socket.write(bytes);
    return this.next();
  }

  /** Offset in `received` behind the last reply that was taken. */
  get position(): number {
    return this.#parsed;
  }

  /** The next reply that nobody has waited for. */
  next(): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error('connection closed'));
        return;
      }
      this.#waiters.push({ resolve, reject });
      this.#settle();
    });
  }

  /** The next bytes, whatever they are. Not to be mixed with `next`. */
  async bytes(length: number): Promise<Buffer> {
    while (this.received.length < this.#parsed + length) {
      if (this.#isClosed) throw new Error(`closed after ${this.received.length} bytes`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const bytes = this.received.subarray(this.#parsed, this.#parsed + length);
    this.#parsed += length;
    return bytes;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#store.length) {
      const grown = Buffer.allocUnsafe(2 * needed);
      this.#store.copy(grown, 0, 0, this.#length);
      this.#store = grown;
    }
    chunk.copy(this.#store, this.#length);
    this.#length = needed;
  }

  #settle(): void {
    while (this.#waiters.length > 0) {
      const reply = decodeReply(this.received, this.#parsed);
      if (reply === undefined) return;
      this.#parsed = reply.end;
      this.#waiters.shift()?.resolve(reply.value);
    }
  }
}

interface Decoded {
  readonly value: RespReply;
  readonly end: number;
}

/** @returns undefined when the reply is not complete. */
export function decodeReply(bytes: Buffer, from: number): Decoded | undefined {
  const lineEnd = bytes.indexOf(CRLF, from);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString('latin1', from, lineEnd);
  const end = lineEnd + 2;
  const count = Number(line.slice(1));
  const sigil = line[0] ?? '';
  if ('+-#,'.includes(sigil)) return { value: line, end };
  if (sigil === ':') return { value: count, end };
  if (sigil === '_' || count === -1) return { value: null, end };
  if ('$='.includes(sigil)) return decodeBulk(bytes, count, end);
  if ('*~'.includes(sigil)) return decodeMany(bytes, count, end);
  if (sigil !== '%') throw new Error(`not a reply: ${JSON.stringify(line.slice(0, 64))}`);
  const items = decodeMany(bytes, 2 * count, end);
  return items && { value: { map: items.value as RespReply[] }, end: items.end };
}

function decodeBulk(bytes: Buffer, length: number, from: number): Decoded | undefined {
  const end = from + length + 2;
  return bytes.length < end ? undefined : { value: bytes.subarray(from, from + length), end };
}

function decodeMany(bytes: Buffer, count: number, from: number): Decoded | undefined {
  const items: RespReply[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const item = decodeReply(bytes, at);
    if (item === undefined) return undefined;
    items.push(item.value);
    at = item.end;
  }
  return { value: items, end: at };
}
