import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type RespAddress } from './resp-address.js';
import { type BodyReader } from './body-reader.js';

export interface RespSocketOptions {
  readonly address: RespAddress;
  /** With these, TLS is spoken. */
  readonly tls?: ConnectionOptions | undefined;
}

/** Who reads from a socket: it says where the next bytes go before they are read. */
export interface RespSocketReader {
  /** Undefined: to the scratch buffer. */
  readonly body: BodyReader | undefined;
  /** So many bytes are in `body`'s target. */
  onBodyBytes(bytes: number): void;
  /** Bytes that are valid during the call only. */
  onBytes(bytes: Buffer): void;
}

/** Where lines and small values are read. Each read is taken out before the next one, so that all sockets share it. */
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024);
const KEEP_ALIVE_MS = 30_000;

/**
 * A socket on its way to a server, which reads long bulks straight into their place. Over TLS they are copied: there
 * the bytes are born in buffers of their own.
 */
export function openRespSocket({ address, tls }: RespSocketOptions, reader: RespSocketReader): Socket {
  const where = 'socketPath' in address ? { path: address.socketPath } : address;
  const common = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  if (tls !== undefined) {
    const named = 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
    const socket = connectTls({ ...common, ...where, ...named, ...tls });
    return socket.on('data', (bytes: Buffer) => reader.onBytes(bytes));
  }
  let body: BodyReader | undefined;
  const onread = {
    buffer: () => {
      body = reader.body;
      return body?.target() ?? SCRATCH;
    },
    callback: (bytes: number) => {
      if (body === undefined) reader.onBytes(SCRATCH.subarray(0, bytes));
      else reader.onBodyBytes(bytes);
      return true;
    },
  };
  return connect({ ...common, ...where, onread }).resume();
}
