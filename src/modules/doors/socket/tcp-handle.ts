import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What libuv's handle of a connection has and `node:net` does not show. */
export interface TcpHandle {
  readonly fd: number;
  readonly writeQueueSize: number;
  /** Set by who reads in the place of the HTTP server, which leaves such a handle alone. */
  _consumed?: boolean;
  reading: boolean;
  readStop(): void;
  useUserBuffer(target: Uint8Array): void;
}

/**
 * Takes the handle out of an accepted socket, for a socket that reads into buffers of one's choice.
 *
 * @returns undefined, with nothing changed, where node has no such handle, or TLS lies over it.
 */
export function takeHandle(accepted: Socket): TcpHandle | undefined {
  if (accepted instanceof TLSSocket) return undefined;
  const holder = accepted as unknown as { _handle?: TcpHandle | null };
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== 'function') return undefined;
  holder._handle = null;
  return handle;
}
