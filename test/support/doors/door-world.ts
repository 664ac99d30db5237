import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { type DoorLimits } from '../../../src/config/kvnest-config.interface.js';
import { connect, loadKvnestClientProxy } from '../../../src/client/index.js';
import { type TieredCacheEngine } from '../../../src/modules/engine/cache-engine.js';
import { type PutReservation } from '../../../src/modules/engine/object-store.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import {
  type DoorCapabilities,
  type DoorClient,
  type DoorContract,
} from '../../contracts/door/door-client.interface.js';
import { put } from '../engine.js';
import { MessageServer, TEST_LIMITS } from '../message-server.js';
import { HttpDoorClient } from './http-door-client.js';
import { MessageDoorClient } from './message-door-client.js';
import { RespDoorClient } from './resp-door-client.js';
import { tcpDoorClient } from './tcp-door-client.js';

const MIB = 1024 * 1024;
const CAPACITY_BYTES = 16 * MIB;
export const CHUNK_TOKENS = 4;
/** Of doors that carry bytes; those that carry JSON take 64 KiB. */
const LIMITS: DoorLimits = { ...TEST_LIMITS, maxValueBytes: 2 * MIB, maxConnections: 1024 };

const BYTES: DoorCapabilities = {
  binaryKeys: false,
  metadata: true,
  pins: true,
  tokens: true,
  status: true,
  reasons: true,
  leaseOptional: true,
  maxNamespace: 2 ** 31 - 1,
  maxValueBytes: LIMITS.maxValueBytes,
};
const JSON_ONLY: DoorCapabilities = { ...BYTES, maxValueBytes: 64 * 1024 };

/** Where the server shares its loop with hundreds of clients, and accepts one in each turn, a connection may take seconds. */
const PATIENT = { connectTimeoutMs: 60_000, unresponsiveMs: 60_000 };

/** How a cache is spoken to. */
export interface DoorUnderTest extends Pick<DoorContract, 'capabilities' | 'errors' | 'inputCode'> {
  open(addresses: DoorAddresses): Promise<DoorClient>;
}

/** Host and port of each door. */
export type DoorAddresses = Readonly<Record<'http' | 'resp' | 'tcp' | 'nest', string>>;

export type DoorName = 'HTTP' | 'RESP' | 'kvnest/client' | 'messages by kvnest/client' | 'Transport.TCP';

/** Every way to speak to a cache. */
export const DOORS: Readonly<Record<DoorName, DoorUnderTest>> = {
  HTTP: {
    capabilities: BYTES,
    errors: {
      'too-large': 'KV_INPUT_TOO_LARGE',
      checksum: 'KV_INPUT_CHECKSUM',
      'empty-key': 'KV_HTTP_NO_ROUTE',
    },
    inputCode: 'KV_INPUT_INVALID',
    open: ({ http }) => Promise.resolve(new HttpDoorClient(`http://${http}`)),
  },
  RESP: {
    capabilities: {
      ...BYTES,
      binaryKeys: true,
      metadata: false,
      pins: false,
      tokens: false,
      status: false,
      reasons: false,
      leaseOptional: false,
      maxNamespace: 15,
    },
    errors: {},
    inputCode: undefined,
    open: ({ resp }) => Promise.resolve(new RespDoorClient(new Redis(`redis://${resp}`))),
  },
  'kvnest/client': {
    capabilities: { ...BYTES, binaryKeys: true },
    errors: {},
    inputCode: 'KV_CLIENT_INPUT',
    open: async ({ tcp }) => tcpDoorClient(await connect(`kvnest://${tcp}`, PATIENT)),
  },
  'messages by kvnest/client': {
    capabilities: JSON_ONLY,
    errors: { 'too-large': 'KV_NEST_VALUE_TOO_LARGE' },
    inputCode: 'KV_INPUT_INVALID',
    open: async ({ tcp }) => {
      const Proxy = await loadKvnestClientProxy();
      return new MessageDoorClient(new Proxy({ url: `kvnest://${tcp}`, ...PATIENT }));
    },
  },
  'Transport.TCP': {
    capabilities: JSON_ONLY,
    errors: { 'too-large': 'KV_NEST_VALUE_TOO_LARGE' },
    inputCode: 'KV_INPUT_INVALID',
    open: ({ nest }) => Promise.resolve(new MessageDoorClient(stockProxy(nest))),
  },
};

function stockProxy(address: string): ClientProxy {
  const [host, port] = address.split(':');
  return ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: host!, port: Number(port) },
  });
}

export const DOOR_NAMES = Object.keys(DOORS) as readonly DoorName[];

/** A server with all doors open. */
export class DoorWorld {
  private constructor(readonly server: MessageServer) {}

  static async start(): Promise<DoorWorld> {
    const server = await MessageServer.start({
      config: {
        tiers: [
          { name: 'memory', type: 'memory', capacityBytes: CAPACITY_BYTES, policy: 'LRU', options: {} },
        ],
        arena: { capacityBytes: CAPACITY_BYTES, native: true },
        chunkTokens: CHUNK_TOKENS,
        maxPendingBytes: CAPACITY_BYTES / 2,
      },
      doors: {
        http: LIMITS,
        resp: LIMITS,
        lm: LIMITS,
        tcp: { ...LIMITS, heartbeatMs: 15_000, maxInFlight: 256, tls: undefined },
      },
      nest: { maxConnections: LIMITS.maxConnections },
    });
    return new DoorWorld(server);
  }

  get engine(): TieredCacheEngine {
    return this.server.engine as TieredCacheEngine;
  }

  get addresses(): DoorAddresses {
    const { server } = this;
    return {
      http: server.address('http'),
      resp: server.address('resp'),
      tcp: server.address('tcp'),
      nest: server.address('nest'),
    };
  }

  open(name: DoorName): Promise<DoorClient> {
    return DOORS[name].open(this.addresses);
  }

  /** A client of each door. */
  async openAll(): Promise<Readonly<Record<DoorName, DoorClient>>> {
    const clients = await Promise.all(DOOR_NAMES.map(async (name) => [name, await this.open(name)] as const));
    return Object.fromEntries(clients) as Record<DoorName, DoorClient>;
  }

  /** Puts more than the cache holds. */
  async pressure(): Promise<void> {
    const bytes = Buffer.alloc(MIB);
    for (let i = 0; i < 2 * (CAPACITY_BYTES / MIB); i++)
      await put(this, ChunkKey.of(`pressure-${i}`, 99), bytes);
  }

  /** Holds what may be on its way at a time. */
  async crowd(): Promise<Disposable> {
    const held: PutReservation[] = [];
    for (;;) {
      const room = await this.engine.reserve(ChunkKey.of(`crowd-${held.length}`, 99), MIB);
      if ('refused' in room) break;
      held.push(room);
    }
    return { [Symbol.dispose]: () => held.forEach((room) => room[Symbol.dispose]()) };
  }

  close(): Promise<void> {
    return this.server.close();
  }
}
