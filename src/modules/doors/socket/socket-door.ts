import { createServer, type Server, type Socket } from 'node:net';
import {
  type BeforeApplicationShutdown,
  type Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type Clock } from '../../../common/clock.js';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type Door, type DoorRegistry, type DoorStatus } from '../door-registry.js';
import { hostPort } from '../host-port.js';
import { listenError } from '../listen-error.js';
import { DIRECT_SERVER_OPTIONS } from './direct-socket.js';
import { type SocketCounters } from './socket-counters.js';
import { StallWatch, type Watched } from './stall-watch.js';

const MAX_SWEEP_MS = 1000;

export interface SocketDoorParts {
  /** In the configuration and on the status page. */
  readonly name: string;
  readonly limits: DoorLimits;
  readonly drainTimeoutMs: number;
  readonly registry: DoorRegistry;
  readonly clock: Clock;
  readonly counters: SocketCounters;
  readonly tuneSocket: (fd: number) => void;
  readonly logger: Logger;
  /** What a client is told when there are too many; nothing by default. */
  readonly tooManyClients?: string;
}

/** What a door knows of one of its connections. */
export interface ServedConnection extends Watched {
  readonly fd: number;
  readonly isIdle: boolean;
  whenIdle(): Promise<void>;
}

/**
 * Listens for clients and keeps their connections.
 *
 * When the server ends, it stops accepting and waits until every connection has finished what it was doing, at most
 * until the drain deadline; the connections go on being served until the end, then they close. Values that come
 * meanwhile are refused by the engine, which the client does not notice.
 */
export abstract class SocketDoor<Connection extends ServedConnection>
  implements Door, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #parts: SocketDoorParts;
  readonly #connections = new Map<Connection, StallWatch>();
  readonly #server: Server;
  #sweeper: NodeJS.Timeout | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(parts: SocketDoorParts) {
    this.#parts = parts;
    this.#server = createServer(DIRECT_SERVER_OPTIONS, (socket) => this.#accept(socket));
  }

  /** `host:port` while it listens. */
  get address(): string | undefined {
    return hostPort(this.#server.address());
  }

  /** The port that it listens on, 0 when it does not. */
  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  doorStatus(): DoorStatus {
    const { name, counters } = this.#parts;
    return {
      name,
      address: this.address,
      connections: this.#connections.size,
      counters: counters.snapshot(),
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#listen();
    const { bodyTimeoutMs } = this.#parts.limits;
    this.#sweeper = setInterval(() => this.sweep(), Math.min(MAX_SWEEP_MS, Math.ceil(bodyTimeoutMs / 4)));
    this.#sweeper.unref();
    this.#leaveRegistry = this.#parts.registry.add(this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#server.close();
    const busy = [...this.#connections.keys()].filter((connection) => !connection.isIdle);
    const deadline = new Promise((resolve) => setTimeout(resolve, this.#parts.drainTimeoutMs).unref());
    await Promise.race([deadline, Promise.all(busy.map((connection) => connection.whenIdle()))]);
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweeper);
    this.#leaveRegistry?.();
    for (const connection of this.#connections.keys()) connection.destroy();
  }

  /** The connections of now. */
  protected get connections(): Iterable<Connection> {
    return this.#connections.keys();
  }

  /** Makes a connection of a socket that was accepted. */
  protected abstract serve(accepted: Socket, onClose: (closed: Connection) => void): Connection;

  /** Looks after everything that may stand still. Called about once a second. */
  protected sweep(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const watch of this.#connections.values()) {
      if (watch.check(nowMs)) this.#parts.counters.slowReadersClosed++;
    }
  }

  async #listen(): Promise<void> {
    const { name, limits, logger } = this.#parts;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => reject(listenError(name, limits, cause));
      this.#server.once('error', fail);
      this.#server.listen(limits.port, limits.host, () => {
        this.#server.off('error', fail);
        this.#server.on('error', (error) => logger.warn(`Accepting a connection failed: ${error.message}`));
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const { counters, limits, tooManyClients = '' } = this.#parts;
    if (this.#connections.size >= limits.maxConnections) {
      counters.connectionsRefused++;
      socket.on('error', () => socket.destroy());
      socket.end(tooManyClients, () => socket.destroy());
      return;
    }
    counters.connections++;
    const connection = this.serve(socket, (closed) => this.#connections.delete(closed));
    this.#parts.tuneSocket(connection.fd);
    this.#connections.set(connection, new StallWatch(connection, limits.bodyTimeoutMs));
  }
}
