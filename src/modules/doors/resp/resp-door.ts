import { createServer, type Server, type Socket } from 'node:net';
import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type Door, type DoorRegistry, type DoorStatus } from '../door-registry.js';
import { hostPort } from '../host-port.js';
import { listenError } from '../listen-error.js';
import { DIRECT_SERVER_OPTIONS } from '../socket/direct-socket.js';
import { type PendingPairs } from './keyspace/pending-pairs.js';
import { RespConnection } from './resp-connection.js';
import { type RespDoorServices } from './resp-door-services.js';
import { type RespSession } from './resp-session.js';
import { StallWatch } from './stall-watch.js';

const TOO_MANY_CLIENTS = '-ERR max number of clients reached\r\n';
const MAX_SWEEP_MS = 1000;

export interface RespDoorParts {
  readonly limits: DoorLimits;
  readonly drainTimeoutMs: number;
  readonly registry: DoorRegistry;
  readonly pairs: PendingPairs;
  readonly tuneSocket: (fd: number) => void;
  readonly services: (door: RespDoor) => RespDoorServices;
}

/**
 * Listens for Redis clients and keeps their connections.
 *
 * When the server ends, it stops accepting and waits until every connection has finished what it was doing, at most
 * until the drain deadline; the connections go on being served until the end, then they close. Values that come
 * meanwhile are refused by the engine, which the client does not notice.
 */
export class RespDoor
  implements Door, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #logger = new Logger('RespDoor');
  readonly #services: RespDoorServices;
  readonly #connections = new Map<RespConnection, StallWatch>();
  readonly #server: Server;
  #nextId = 1;
  #sweeper: NodeJS.Timeout | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(private readonly parts: RespDoorParts) {
    this.#services = parts.services(this);
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

  *sessions(): Iterable<RespSession> {
    for (const { session } of this.#connections.keys()) yield session;
  }

  doorStatus(): DoorStatus {
    return {
      name: 'resp',
      address: this.address,
      connections: this.#connections.size,
      counters: this.#services.counters.snapshot(),
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#listen();
    const { bodyTimeoutMs } = this.parts.limits;
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(MAX_SWEEP_MS, Math.ceil(bodyTimeoutMs / 4)));
    this.#sweeper.unref();
    this.#leaveRegistry = this.parts.registry.add(this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#server.close();
    const busy = [...this.#connections.keys()].filter((connection) => !connection.isIdle);
    const deadline = new Promise((resolve) => setTimeout(resolve, this.parts.drainTimeoutMs).unref());
    await Promise.race([deadline, Promise.all(busy.map((connection) => connection.whenIdle()))]);
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweeper);
    this.#leaveRegistry?.();
    for (const connection of this.#connections.keys()) connection.destroy();
    this.parts.pairs.clear();
  }

  async #listen(): Promise<void> {
    const { limits } = this.parts;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => reject(listenError('resp', limits, cause));
      this.#server.once('error', fail);
      this.#server.listen(limits.port, limits.host, () => {
        this.#server.off('error', fail);
        this.#server.on('error', (error) =>
          this.#logger.warn(`Accepting a connection failed: ${error.message}`),
        );
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const { counters } = this.#services;
    if (this.#connections.size >= this.parts.limits.maxConnections) {
      counters.connectionsRefused++;
      socket.on('error', () => socket.destroy());
      socket.end(TOO_MANY_CLIENTS, () => socket.destroy());
      return;
    }
    counters.connections++;
    const connection = new RespConnection(socket, this.#nextId++, this.#services, (closed) =>
      this.#connections.delete(closed),
    );
    this.parts.tuneSocket(connection.fd);
    this.#connections.set(connection, new StallWatch(connection, this.parts.limits.bodyTimeoutMs));
  }

  #sweep(): void {
    const nowMs = this.#services.clock.nowMs();
    for (const watch of this.#connections.values()) {
      if (watch.check(nowMs)) this.#services.counters.slowReadersClosed++;
    }
    this.parts.pairs.sweep();
  }
}
