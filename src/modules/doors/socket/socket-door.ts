import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import {
  type BeforeApplicationShutdown,
  type Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type Door, type DoorRegistry, type DoorStatus } from '../door-registry.js';
import { hostPort } from '../host-port.js';
import { listenError } from '../listen-error.js';
import { DIRECT_SERVER_OPTIONS } from './direct-socket.js';
import { type SocketCounters } from './socket-counters.js';
import { StallWatch, type Watched } from './stall-watch.js';
import { WatchClock } from './watch-clock.js';

const MAX_SWEEP_MS = 1000;
const TLS_HANDSHAKE_MS = 10_000;

export interface SocketDoorParts {
  /** In the configuration and on the status page. */
  readonly name: string;
  readonly limits: DoorLimits;
  readonly drainTimeoutMs: number;
  readonly registry: DoorRegistry;
  readonly counters: SocketCounters;
  readonly tuneSocket: (fd: number) => void;
  readonly logger: Logger;
  /** What a client is told when there are too many; nothing by default. */
  readonly tooManyClients?: string;
  /** With TLS, and nothing else. */
  readonly tls?: TlsOptions | undefined;
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
  implements Door, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #parts: SocketDoorParts;
  readonly #connections = new Map<Connection, StallWatch>();
  readonly #server: Server;
  /** Accepted, and not yet through the handshake of TLS, by their address. */
  readonly #handshaking = new Map<string, Socket>();
  #sweeper: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(parts: SocketDoorParts) {
    this.#parts = parts;
    const { tls } = parts;
    this.#server =
      tls === undefined
        ? createServer(DIRECT_SERVER_OPTIONS, (socket) => this.#accept(socket))
        : this.#createTlsServer(tls);
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

  onApplicationBootstrap(): Promise<void> {
    return this.listen();
  }

  /** Begins to drain. Nest waits for one door after the other in the next hook: by then all of them have begun. */
  onModuleDestroy(): void {
    this.#drained ??= this.#drainAll();
  }

  /** Waits for what is in flight, at most until the drain deadline. */
  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    await this.#drained;
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweeper);
    this.#leaveRegistry?.();
    for (const connection of this.#connections.keys()) connection.destroy();
  }

  /** From now on clients are accepted. @throws KV_DOOR_LISTEN */
  protected async listen(): Promise<void> {
    await this.#listen();
    const clock = new WatchClock(2 * this.sweepMs);
    this.#sweeper = setInterval(() => this.sweep(clock.look()), this.sweepMs);
    this.#sweeper.unref();
    this.#leaveRegistry = this.#parts.registry.add(this);
  }

  /** The server is about to end: resolves when the connection has nothing in flight. */
  protected drain(connection: Connection): Promise<void> {
    return connection.isIdle ? Promise.resolve() : connection.whenIdle();
  }

  /** How often `sweep` is called. */
  protected get sweepMs(): number {
    return Math.min(MAX_SWEEP_MS, Math.ceil(this.#parts.limits.bodyTimeoutMs / 4));
  }

  /** The connections of now. */
  protected get connections(): Iterable<Connection> {
    return this.#connections.keys();
  }

  /** Makes a connection of a socket that was accepted. */
  protected abstract serve(accepted: Socket, onClose: (closed: Connection) => void): Connection;

  /** Looks after everything that may stand still. Called about once a second. @param nowMs by a `WatchClock`. */
  protected sweep(nowMs: number): void {
    for (const watch of this.#connections.values()) {
      if (watch.check(nowMs)) this.#parts.counters.slowReadersClosed++;
    }
  }

  async #drainAll(): Promise<void> {
    this.#server.close();
    for (const socket of this.#handshaking.values()) socket.destroy();
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, this.#parts.drainTimeoutMs).unref());
    const drained = Array.from(this.#connections.keys(), (connection) => this.drain(connection));
    await Promise.race([deadline, Promise.all(drained)]);
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

  /** Who is still in the handshake counts as a client. */
  #createTlsServer(tls: TlsOptions): Server {
    const { counters, limits } = this.#parts;
    const options = { ...DIRECT_SERVER_OPTIONS, pauseOnConnect: false, handshakeTimeout: TLS_HANDSHAKE_MS };
    const server = createTlsServer({ ...options, ...tls }, (socket) => {
      this.#handshaking.delete(peerOf(socket));
      this.#accept(socket);
    });
    server.maxConnections = limits.maxConnections;
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#handshaking.set(peer, socket);
      socket.once('close', () => this.#handshaking.delete(peer));
    });
    server.on('tlsClientError', () => counters.protocolErrors++);
    server.on('drop', () => counters.connectionsRefused++);
    return server;
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

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
