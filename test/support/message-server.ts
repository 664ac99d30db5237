import { type INestApplicationContext } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { type AppExtensions } from '../../src/app.module.js';
import { type DoorLimits, type KvnestConfig } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry, type DoorStatus } from '../../src/modules/doors/door-registry.js';
import { CACHE_ENGINE, type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { NO_DOORS, testConfig } from './engine.js';

const MIB = 1024 * 1024;

/** Of a door of tests. */
export const TEST_LIMITS: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: MIB,
  maxConnections: 64,
  bodyTimeoutMs: 5000,
};

export interface MessageServerOptions {
  readonly config?: Partial<KvnestConfig>;
  readonly doors?: Partial<KvnestConfig['doors']>;
  /** Of the door for stock Nest clients. */
  readonly nest?: Partial<DoorLimits>;
  readonly modules?: NonNullable<AppExtensions['modules']>;
}

/** The whole server in this process, with HTTP and the doors whose messages go to handlers of Nest. */
export class MessageServer {
  readonly #clients: ClientProxy[] = [];

  private constructor(readonly app: INestApplicationContext) {}

  static async start(options: MessageServerOptions = {}): Promise<MessageServer> {
    const { config, doors, nest, modules = [] } = options;
    const app = await startServer(
      testConfig({
        tiers: [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }],
        chunkTokens: 4,
        doors: {
          ...NO_DOORS,
          http: TEST_LIMITS,
          tcp: { ...TEST_LIMITS, heartbeatMs: 15_000, maxInFlight: 256, tls: undefined },
          nest: { ...TEST_LIMITS, maxValueBytes: 64 * 1024, ...nest },
          ...doors,
        },
        ...config,
      }),
      { modules },
    );
    return new MessageServer(app);
  }

  get engine(): CacheEngine {
    return this.app.get<CacheEngine>(CACHE_ENGINE);
  }

  door(name: string): DoorStatus {
    const doors = this.app.get<DoorRegistry>(DOOR_REGISTRY).status();
    const door = doors.find((status) => status.name === name);
    if (door === undefined) throw new Error(`no door ${name}`);
    return door;
  }

  address(name: string): string {
    return this.door(name).address ?? '';
  }

  port(name: string): number {
    return Number(this.address(name).split(':').at(-1));
  }

  /** A client as Nest brings it. */
  client(): ClientProxy {
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: this.port('nest') },
    });
    this.#clients.push(client);
    return client;
  }

  /** Asks over HTTP. */
  async post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`http://${this.address('http')}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close() as unknown));
    await this.app.close();
  }
}

/** One answer to one message. */
export function ask<T = unknown>(client: ClientProxy, pattern: string, data: unknown): Promise<T> {
  return firstValueFrom(client.send<T>(pattern, data));
}

/** What a message failed with. */
export async function refusalOf(answer: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
  try {
    await answer;
  } catch (error) {
    return error as Readonly<Record<string, unknown>>;
  }
  throw new Error('it was answered');
}
