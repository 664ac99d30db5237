import {
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Door, type DoorRegistry, type DoorStatus } from '../door-registry.js';
import { type MessageDoor } from '../message-door.interface.js';
import { NestDoorServer, type NestDoorServerParts } from './nest-door-server.js';

export interface NestDoorParts extends NestDoorServerParts {
  readonly drainTimeoutMs: number;
  readonly registry: DoorRegistry;
}

/**
 * Listens for stock Nest clients: `Transport.TCP`, JSON.
 *
 * When the server ends, messages are answered until none is in flight, at most until the drain deadline; then the connections
 * close. The protocol has no word for going away: clients see a connection that closed, and open another.
 */
export class NestDoor
  implements
    Door,
    MessageDoor,
    OnApplicationBootstrap,
    OnModuleDestroy,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  readonly strategy: NestDoorServer;
  readonly #parts: NestDoorParts;
  #deadline: Promise<void> | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(parts: NestDoorParts) {
    this.#parts = parts;
    this.strategy = new NestDoorServer(parts);
  }

  doorStatus(): DoorStatus {
    const { address, connections, counters } = this.strategy;
    return { name: 'nest', address, connections, counters };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.strategy.open();
    this.#leaveRegistry = this.#parts.registry.add(this);
  }

  /** The deadline is the same for all doors: other doors may drain before this one. */
  onModuleDestroy(): void {
    const { drainTimeoutMs } = this.#parts;
    this.#deadline ??= new Promise((resolve) => setTimeout(resolve, drainTimeoutMs).unref());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    await this.strategy.drain(this.#deadline ?? Promise.resolve());
  }

  onApplicationShutdown(): void {
    this.#leaveRegistry?.();
  }
}
