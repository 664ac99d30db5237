import { Logger } from '@nestjs/common';
import { tuneSocket } from '../../../arena/native/socket-buffers.js';
import { type Clock } from '../../../common/clock.js';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type CacheEngine } from '../../engine/cache-engine.interface.js';
import { type DoorRegistry } from '../door-registry.js';
import { type DoorSecret } from '../door-secret.js';
import { KeyRemover } from './keyspace/key-remover.js';
import { KeyWriter } from './keyspace/key-writer.js';
import { PendingPairs } from './keyspace/pending-pairs.js';
import { RespKeyspace } from './keyspace/resp-keyspace.js';
import { RespAuth } from './resp-auth.js';
import { RespCounters } from './resp-counters.js';
import { RespDoor } from './resp-door.js';
import { type RespDoorFacts } from './resp-door-services.js';

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;
const MAX_PENDING_PAIRS = 4096;
const TOO_MANY_CLIENTS = '-ERR max number of clients reached\r\n';

export interface RespDoorOptions {
  readonly limits: DoorLimits;
  readonly engine: CacheEngine;
  readonly registry: DoorRegistry;
  readonly clock: Clock;
  readonly secret: DoorSecret;
  readonly drainTimeoutMs: number;
  /** Bytes of values that wait for their other half. */
  readonly maxPendingPairBytes: number;
  /** Name of the eviction policy of the first tier that evicts; undefined = none does. */
  readonly evictionPolicy: string | undefined;
}

/** Puts the door together. It listens from `onApplicationBootstrap` on. */
export function createRespDoor(options: RespDoorOptions): RespDoor {
  const { clock, drainTimeoutMs, engine: store, limits, maxPendingPairBytes, registry, secret } = options;
  const counters = new RespCounters();
  const pairs = new PendingPairs({
    clock,
    maxPairs: MAX_PENDING_PAIRS,
    maxBytes: maxPendingPairBytes,
    timeoutMs: limits.bodyTimeoutMs,
    onDrop: () => counters.drop('pair-incomplete'),
  });
  const keyspace = new RespKeyspace({ store, pairs, maxValueBytes: limits.maxValueBytes });
  const startedAtMs = clock.nowMs();
  return new RespDoor({
    name: 'resp',
    limits,
    drainTimeoutMs,
    registry,
    counters,
    logger: new Logger('RespDoor'),
    tooManyClients: TOO_MANY_CLIENTS,
    pairs,
    tuneSocket: (fd) => tuneSocket(fd, SOCKET_BUFFER_BYTES, SOCKET_BUFFER_BYTES),
    services: (door) => ({
      keyspace,
      writer: new KeyWriter({ store, keyspace, pairs, counters }),
      remover: new KeyRemover({ store, keyspace, pairs }),
      auth: new RespAuth(secret),
      counters,
      clock,
      facts: () => doorFacts(options, door, startedAtMs),
      sessions: () => door.sessions(),
    }),
  });
}

function doorFacts(
  { engine, evictionPolicy, limits }: RespDoorOptions,
  door: RespDoor,
  startedAtMs: number,
): RespDoorFacts {
  const { arena, counters, tiers } = engine.status();
  return {
    startedAtMs,
    port: door.port,
    maxConnections: limits.maxConnections,
    maxValueBytes: limits.maxValueBytes,
    capacityBytes: arena.capacityBytes,
    usedBytes: arena.capacityBytes - arena.freeBytes,
    evictionPolicy,
    hits: counters.hits,
    misses: counters.misses,
    evictions: tiers.reduce((sum, tier) => sum + tier.evictions, 0),
  };
}
