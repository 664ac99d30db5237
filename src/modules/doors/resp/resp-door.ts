import { type Socket } from 'node:net';
import { SocketDoor, type SocketDoorParts } from '../socket/socket-door.js';
import { type PendingPairs } from './keyspace/pending-pairs.js';
import { RespConnection } from './resp-connection.js';
import { type RespDoorServices } from './resp-door-services.js';
import { type RespSession } from './resp-session.js';

export interface RespDoorParts extends SocketDoorParts {
  readonly pairs: PendingPairs;
  readonly services: (door: RespDoor) => RespDoorServices;
}

/** Listens for Redis clients. */
export class RespDoor extends SocketDoor<RespConnection> {
  readonly #pairs: PendingPairs;
  readonly #services: RespDoorServices;
  #nextId = 1;

  constructor({ pairs, services, ...parts }: RespDoorParts) {
    super(parts);
    this.#pairs = pairs;
    this.#services = services(this);
  }

  *sessions(): Iterable<RespSession> {
    for (const { session } of this.connections) yield session;
  }

  override onApplicationShutdown(): void {
    super.onApplicationShutdown();
    this.#pairs.clear();
  }

  protected serve(accepted: Socket, onClose: (closed: RespConnection) => void): RespConnection {
    return new RespConnection(accepted, this.#nextId++, this.#services, onClose);
  }

  protected override sweep(nowMs: number): void {
    super.sweep(nowMs);
    this.#pairs.sweep();
  }
}
