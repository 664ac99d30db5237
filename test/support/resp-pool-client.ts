import {
  openRespConnection,
  type OpenRespOptions,
} from '../../src/connectors/resp-client/open-resp-connection.js';
import { type BodySink } from '../../src/connectors/resp-client/body-reader.js';
import { RespPool } from '../../src/connectors/resp-client/resp-pool.js';
import { encodeCommand, encodeSet } from '../../src/connectors/resp-client/resp-request.js';
import { RespBody } from '../../src/protocols/resp/resp-reply.interface.js';

/** Takes a bulk in pieces of odd sizes. */
export class TestSink implements BodySink {
  readonly bytes: Buffer;
  #at = 0;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
  }

  target(maxBytes: number): Buffer {
    return this.bytes.subarray(this.#at, this.#at + Math.min(maxBytes, 100_003));
  }

  advance(bytes: number): void {
    this.#at += bytes;
  }

  write(bytes: Uint8Array): number {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return bytes.length;
  }
}

export interface RespPoolClient {
  readonly pool: RespPool;
  ask(...args: readonly (string | Buffer)[]): Promise<unknown>;
  get(key: string, signal?: AbortSignal): Promise<unknown>;
  set(key: string, value: readonly Buffer[], signal?: AbortSignal): Promise<unknown>;
}

/** A pool of two connections to a server on this port, with short forms of what tests do. */
export function respPoolClient(port: number, options: Partial<OpenRespOptions> = {}): RespPoolClient {
  const all = {
    label: 'resp://test',
    address: { host: '127.0.0.1', port },
    connectTimeoutMs: 5_000,
    ...options,
  };
  const pool = new RespPool({
    label: all.label,
    connections: 2,
    open: (signal) => openRespConnection(all, signal),
  });
  return {
    pool,
    ask: async (...args) => (await pool.ask([encodeCommand(...args)]))[0],
    get: (key, signal) =>
      pool.lease(async (connection) => {
        let sink: TestSink | undefined;
        const onBody = (lengthBytes: number): TestSink => (sink = new TestSink(lengthBytes));
        const [reply] = await connection.call([encodeCommand('GET', key)], { onBody, signal });
        return reply instanceof RespBody ? sink?.bytes : reply;
      }, signal),
    set: (key, value, signal) =>
      pool.lease(async (connection) => {
        const [reply] = await connection.call(encodeSet(key, value), { isLong: true, signal });
        return reply;
      }, signal),
  };
}
