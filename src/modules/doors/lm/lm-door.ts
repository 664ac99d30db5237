import { type Socket } from 'node:net';
import { SocketDoor, type SocketDoorParts } from '../socket/socket-door.js';
import { LmConnection, type LmDoorServices } from './lm-connection.js';

export interface LmDoorParts extends SocketDoorParts {
  readonly services: LmDoorServices;
}

/** Listens for LMCache's `lm://` clients. */
export class LmDoor extends SocketDoor<LmConnection> {
  readonly #services: LmDoorServices;

  constructor({ services, ...parts }: LmDoorParts) {
    super(parts);
    this.#services = services;
  }

  protected serve(accepted: Socket, onClose: (closed: LmConnection) => void): LmConnection {
    return new LmConnection(accepted, this.#services, onClose);
  }
}
