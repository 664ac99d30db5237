import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

/** How many requests a connection has brought, and how many of their replies are not with the kernel yet. */
interface Traffic {
  requests: number;
  unanswered: number;
}

/**
 * Knows which connections are idle. Node's own `closeIdleConnections` counts a reply as done when its last byte is
 * queued and cuts it off in the middle; this takes its place.
 */
export class ConnectionTracker {
  readonly #connections = new Map<Socket, Traffic>();
  #closing = false;

  constructor(server: Server) {
    server.closeIdleConnections = () => this.closeIdle();
    server.on('request', this.#onRequest);
  }

  get count(): number {
    return this.#connections.size;
  }

  add(socket: Socket): void {
    this.#connections.set(socket, { requests: 0, unanswered: 0 });
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** Closes what is idle now, and from now on every connection when its last reply is out. */
  closeIdle(): void {
    this.#closing = true;
    for (const [socket, traffic] of this.#connections) closeIfIdle(socket, traffic);
  }

  readonly #onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const traffic = this.#connections.get(socket);
    if (traffic === undefined) return;
    traffic.requests++;
    traffic.unanswered++;
    response.once('close', () => {
      traffic.unanswered--;
      if (this.#closing) closeIfIdle(socket, traffic);
    });
  };
}

/** A connection that is in the midst of its first request is not idle. */
function closeIfIdle(socket: Socket, { requests, unanswered }: Traffic): void {
  if (unanswered === 0 && (requests > 0 || socket.bytesRead === 0)) socket.destroySoon();
}
