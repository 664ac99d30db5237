import { connect, type Socket } from 'node:net';

/** Who reads from a socket: it says where the next bytes go before they are read. */
export interface SocketReader {
  nextTarget(): Buffer;
  /** So many bytes are in the last target. */
  onBytes(bytes: number): void;
  /** Nothing comes any more: the other side has ended it, or this happened. */
  onEnd(error?: NodeJS.ErrnoException): void;
  /** It is closed, by whatever way. @returns why. */
  onClosed(): Error;
}

export interface SocketPlace {
  readonly host: string;
  readonly port: number;
  /** Whether this side may still send when the other has ended. Default false. */
  readonly allowHalfOpen?: boolean;
}

export interface OpenedSocket {
  readonly socket: Socket;
  /** Settles when the server has accepted it. */
  readonly connected: Promise<void>;
  /** Settles when it is gone, by whatever way. */
  readonly closed: Promise<void>;
}

const KEEP_ALIVE_MS = 30_000;

/** A socket on its way to a server, which reads straight to where its reader says. */
export function openSocket(place: SocketPlace, reader: SocketReader): OpenedSocket {
  const onread = {
    buffer: () => reader.nextTarget(),
    callback: (bytes: number) => {
      reader.onBytes(bytes);
      return true;
    },
  };
  const manner = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, onread };
  const socket = connect({ ...place, ...manner })
    .on('error', (error) => reader.onEnd(error))
    .on('end', () => reader.onEnd())
    .resume();
  const why = new Promise<Error>((resolve) => {
    socket.once('close', () => resolve(reader.onClosed()));
  });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    void why.then(reject);
  });
  connected.catch(() => undefined);
  return { socket, connected, closed: why.then(() => undefined) };
}
