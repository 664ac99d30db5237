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
  #drained: Promise<void> | undefined;
  #leaveRegistry: (() => void) | undefined;

  constructor(parts: NestDoorParts) {
    this.#parts = parts;
    this.strategy = new NestDoorServer(parts);
  }

  doorStatus(): DoorStatus {
    const { address, connections } = this.strategy;
    return { name: 'nest', address, connections, counters: this.strategy.snapshot() };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.strategy.open();
    this.#leaveRegistry = this.#parts.registry.add(this);
  }

  /** Begins to drain. Nest waits for one door after the other in the next hook: by then all of them have begun. */
  onModuleDestroy(): void {
    this.#drained ??= this.strategy.drain(
      new Promise((resolve) => setTimeout(resolve, this.#parts.drainTimeoutMs).unref()),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    await this.#drained;
  }

  onApplicationShutdown(): void {
    this.#leaveRegistry?.();
  }
}
