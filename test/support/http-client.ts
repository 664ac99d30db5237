import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SeededRandom } from './seeded-random.js';

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (response: RawResponse) => void;
  readonly reject: (error: Error) => void;
}

/** An HTTP connection that sends whatever bytes a test wants, and reads responses in order. */
export class RawConnection {
  #received = Buffer.alloc(0);
  #waiting: Waiting | undefined;
  #closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#answer();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#answer();
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** The next response; fails when the connection ends before it. */
  response(): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#answer();
    });
  }

  /** Everything until the server closes. */
  async rest(): Promise<Buffer> {
    if (!this.#closed) await once(this.socket, 'close');
    return this.#received;
  }

  /** Hangs up as a client does that crashed. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  #answer(): void {
    if (this.#waiting === undefined) return;
    const parsed = parseResponse(this.#received);
    if (parsed !== undefined) {
      this.#received = this.#received.subarray(parsed.bytes);
      this.#waiting.resolve(parsed.response);
    } else if (this.#closed) this.#waiting.reject(new Error('closed before a response'));
    else return;
    this.#waiting = undefined;
  }
}

/** The response at the start of `bytes`, undefined while it is not complete. */
function parseResponse(bytes: Buffer): { response: RawResponse; bytes: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const status = Number(statusLine.split(' ')[1]);
  const length = status === 100 ? 0 : Number(headers['content-length'] ?? 0);
  const total = end + 4 + length;
  if (bytes.length < total) return undefined;
  return { response: { status, headers, body: bytes.subarray(end + 4, total) }, bytes: total };
}

/** The head of a PUT with its body's length. */
export function putHead(key: string, length: number, headers = ''): string {
  return `PUT /v1/objects/${key} HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n${headers}\r\n`;
}

export function getHead(key: string, headers = ''): string {
  return `GET /v1/objects/${key} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`;
}

/** Repeatable bytes without a short period; quick, even for megabytes. */
export function someBytes(length: number, seed = 1): Buffer {
  return length === 0
    ? Buffer.alloc(0)
    : Buffer.alloc(length, new SeededRandom(seed).bytes(Math.min(length, 4099)));
}

export function jsonOf(response: RawResponse): unknown {
  return JSON.parse(response.body.toString());
}
