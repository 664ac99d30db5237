import { Logger } from '@nestjs/common';
import { tuneSocket } from '../../../arena/native/socket-buffers.js';
import { type Clock } from '../../../common/clock.js';
import { PACKAGE_VERSION } from '../../../common/package-version.js';
import { type TcpDoorLimits } from '../../../config/kvnest-config.interface.js';
import { PROTOCOL_VERSION } from '../../../protocols/kvnest-tcp/frame.js';
import { MAX_KEYS } from '../../../protocols/kvnest-tcp/key-list.js';
import { type CacheEngine } from '../../engine/cache-engine.interface.js';
import { type PeerOwner } from '../../peers/peer-owner.interface.js';
import { type DoorRegistry } from '../door-registry.js';
import { type DoorSecret } from '../door-secret.js';
import { CAPABILITIES } from './patterns/pattern-table.js';
import { TcpCounters } from './tcp-counters.js';
import { TcpDoor } from './tcp-door.js';
import { encodeHello } from './tcp-hello.js';
import { TierNumbers } from './tier-numbers.js';
import { loadTls } from '../tls-files.js';

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;
const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_JSON_BYTES = 16 * 1024 * 1024;

export interface TcpDoorOptions {
  readonly limits: TcpDoorLimits;
  readonly engine: CacheEngine;
  readonly peers: PeerOwner;
  readonly registry: DoorRegistry;
  readonly clock: Clock;
  readonly bootId: string;
  readonly secret: DoorSecret;
  readonly drainTimeoutMs: number;
}

/** Puts the door together. It listens from `onApplicationBootstrap` on. @throws KV_CONFIG_TLS */
export function createTcpDoor({ limits, engine, peers, secret, bootId, ...parts }: TcpDoorOptions): TcpDoor {
  const { heartbeatMs, maxInFlight, maxValueBytes } = limits;
  const counters = new TcpCounters(() => peers.counters());
  const tiers = new TierNumbers(engine.status().tiers.map(({ name }) => name));
  const hello = encodeHello({
    version: PROTOCOL_VERSION,
    server: `kvnest/${PACKAGE_VERSION}`,
    boot_id: bootId,
    capabilities: CAPABILITIES,
    tiers: tiers.names,
    chunk_tokens: engine.chunkTokens,
    heartbeat_ms: heartbeatMs,
    limits: {
      header: MAX_HEADER_BYTES,
      json: MAX_JSON_BYTES,
      value: maxValueBytes,
      keys: MAX_KEYS,
      in_flight: maxInFlight,
    },
  });
  return new TcpDoor({
    ...parts,
    name: 'tcp',
    limits,
    heartbeatMs,
    counters,
    logger: new Logger('TcpDoor'),
    tuneSocket: (fd) => tuneSocket(fd, SOCKET_BUFFER_BYTES, SOCKET_BUFFER_BYTES),
    tls: loadTls(limits),
    services: (named) => ({
      engine,
      peers,
      clock: parts.clock,
      counters,
      tiers,
      named,
      secret,
      hello,
      heartbeatMs,
      maxInFlight,
      maxValueBytes,
      maxHeaderBytes: MAX_HEADER_BYTES,
      maxJsonBytes: MAX_JSON_BYTES,
    }),
  });
}
