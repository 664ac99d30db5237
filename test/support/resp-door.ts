import { type DoorLimits } from '../../src/config/kvnest-config.interface.js';
import { type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { DoorSecret } from '../../src/modules/doors/door-secret.js';
import { createRespDoor } from '../../src/modules/doors/resp/create-resp-door.js';
import { type RespDoor } from '../../src/modules/doors/resp/resp-door.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { createTestEngine, type TestEngine, type TestEngineOptions } from './engine.js';

export interface TestRespDoorOptions extends TestEngineOptions {
  readonly limits?: Partial<DoorLimits>;
  readonly token?: string;
  readonly drainTimeoutMs?: number;
  /** What the door gets in place of the engine. */
  readonly wrapEngine?: (engine: CacheEngine) => CacheEngine;
}

export interface TestRespDoor extends TestEngine {
  readonly door: RespDoor;
  readonly port: number;
  /** Counters of the door. */
  counter(name: string): number;
  /** References to chunks that somebody holds, the tiers left out. */
  references(): number;
}

/** A RESP door on a free port, over a real engine and a real arena. */
export async function createTestRespDoor(options: TestRespDoorOptions = {}): Promise<TestRespDoor> {
  const parts = await createTestEngine(options);
  const clock: Clock = options.clock ?? systemClock;
  const door = createRespDoor({
    engine: options.wrapEngine?.(parts.engine) ?? parts.engine,
    maxPendingPairBytes: 8 * 1024 * 1024,
    registry: new DoorRegistry(),
    clock,
    secret: new DoorSecret(options.token),
    drainTimeoutMs: options.drainTimeoutMs ?? 1000,
    limits: {
      host: '127.0.0.1',
      port: 0,
      maxValueBytes: 512 * 1024 * 1024,
      maxConnections: 1000,
      bodyTimeoutMs: 10_000,
      ...options.limits,
    },
  });
  await door.onApplicationBootstrap();
  return {
    ...parts,
    door,
    port: door.port,
    counter: (name) => door.doorStatus().counters[name] ?? -1,
    references: () => parts.arena.usage().references,
    close: async () => {
      await door.beforeApplicationShutdown();
      door.onApplicationShutdown();
      await parts.close();
    },
  };
}
