import { Logger } from '@nestjs/common';
import { tuneSocket } from '../../../arena/native/socket-buffers.js';
import { type DoorLimits } from '../../../config/kvnest-config.interface.js';
import { type CacheEngine } from '../../engine/cache-engine.interface.js';
import { type DoorRegistry } from '../door-registry.js';
import { LmChunks } from './lm-chunks.js';
import { LmCounters } from './lm-counters.js';
import { LmDoor } from './lm-door.js';

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;

export interface LmDoorOptions {
  readonly limits: DoorLimits;
  readonly engine: CacheEngine;
  readonly registry: DoorRegistry;
  readonly drainTimeoutMs: number;
}

/** Puts the door together. It listens from `onApplicationBootstrap` on. */
export function createLmDoor({ engine, limits, ...parts }: LmDoorOptions): LmDoor {
  const counters = new LmCounters();
  return new LmDoor({
    ...parts,
    name: 'lm',
    limits,
    counters,
    logger: new Logger('LmDoor'),
    tuneSocket: (fd) => tuneSocket(fd, SOCKET_BUFFER_BYTES, SOCKET_BUFFER_BYTES),
    services: {
      chunks: new LmChunks({ store: engine, counters, maxValueBytes: limits.maxValueBytes }),
      counters,
      isServing: () => !engine.status().draining,
    },
  });
}
