import { type Clock, systemClock } from '../../src/common/clock.js';
import { type DoorLimits } from '../../src/config/kvnest-config.interface.js';
import { DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { createLmDoor } from '../../src/modules/doors/lm/create-lm-door.js';
import { type LmDoor } from '../../src/modules/doors/lm/lm-door.js';
import { type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { createTestEngine, type TestEngine, type TestEngineOptions } from './engine.js';

export interface TestLmDoorOptions extends TestEngineOptions {
  readonly limits?: Partial<DoorLimits>;
  readonly drainTimeoutMs?: number;
  /** What the door gets in place of the engine. */
  readonly wrapEngine?: (engine: CacheEngine) => CacheEngine;
}

export interface TestLmDoor extends TestEngine, AsyncDisposable {
  readonly door: LmDoor;
  readonly port: number;
  /** Counters of the door. */
  counter(name: string): number;
  /** References to chunks that somebody holds, the tiers left out. */
  references(): number;
}

/** A door for `lm://` on a free port, over a real engine and a real arena. */
export async function createTestLmDoor(options: TestLmDoorOptions = {}): Promise<TestLmDoor> {
  const parts = await createTestEngine(options);
  const clock: Clock = options.clock ?? systemClock;
  const door = createLmDoor({
    engine: options.wrapEngine?.(parts.engine) ?? parts.engine,
    registry: new DoorRegistry(),
    clock,
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
  const close = async (): Promise<void> => {
    await door.beforeApplicationShutdown();
    door.onApplicationShutdown();
    await parts.close();
  };
  return {
    ...parts,
    door,
    port: door.port,
    counter: (name) => door.doorStatus().counters[name] ?? -1,
    references: () => parts.arena.usage().references,
    close,
    [Symbol.asyncDispose]: close,
  };
}
