import { type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type MessageDoor } from '../message-door.interface.js';
import { SocketDoor, type SocketDoorParts } from '../socket/socket-door.js';
import { TcpConnection, type TcpDoorServices } from './tcp-connection.js';
import { TcpStrategy } from './tcp-strategy.js';

/** For requests that are on their way when a client is told that the server is about to end. */
const GRACE_MS = 100;
const BEATS_PER_INTERVAL = 4;

export interface TcpDoorParts extends SocketDoorParts {
  readonly heartbeatMs: number;
  readonly services: (strategy: TcpStrategy) => TcpDoorServices;
}

/** Listens for `kvnest/client`, and for who else speaks docs/tcp-protocol.md. */
export class TcpDoor extends SocketDoor<TcpConnection> implements MessageDoor {
  readonly strategy: TcpStrategy = new TcpStrategy(this);
  readonly #heartbeatMs: number;
  readonly #drainTimeoutMs: number;
  readonly #services: TcpDoorServices;

  constructor({ services, heartbeatMs, ...parts }: TcpDoorParts) {
    super(parts);
    this.#heartbeatMs = heartbeatMs;
    this.#drainTimeoutMs = parts.drainTimeoutMs;
    this.#services = services(this.strategy);
  }

  protected serve(accepted: Socket, onClose: (closed: TcpConnection) => void): TcpConnection {
    return new TcpConnection(accepted, this.#services, onClose);
  }

  /** Tells the client, answers what it has asked, and hangs up. */
  protected override async drain(connection: TcpConnection): Promise<void> {
    connection.goAway(this.#drainTimeoutMs);
    await delay(Math.min(GRACE_MS, this.#drainTimeoutMs / 2));
    await connection.whenIdle();
    await connection.leave();
  }

  protected override get sweepMs(): number {
    return Math.min(super.sweepMs, Math.ceil(this.#heartbeatMs / BEATS_PER_INTERVAL));
  }

  protected override sweep(nowMs: number): void {
    super.sweep(nowMs);
    for (const connection of this.connections) connection.beat(nowMs);
  }
}
