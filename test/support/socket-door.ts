import { type Arena } from '../../src/arena/arena.interface.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { type DoorLimits } from '../../src/config/kvnest-config.interface.js';
import { DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { type ServedConnection, type SocketDoor } from '../../src/modules/doors/socket/socket-door.js';
import { type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { type TierStack } from '../../src/modules/tiers/tier-stack.js';
import { createTestEngine, type TestEngine, type TestEngineOptions } from './engine.js';

export interface TestSocketDoorOptions extends TestEngineOptions {
  readonly limits?: Partial<DoorLimits>;
  readonly drainTimeoutMs?: number;
  /** What the door gets in place of the engine. */
  readonly wrapEngine?: (engine: CacheEngine) => CacheEngine;
}

export interface TestSocketDoor<D> extends TestEngine, AsyncDisposable {
  readonly door: D;
  readonly port: number;
  /** Counters of the door. */
  counter(name: string): number;
  /** References to chunks that somebody holds, the tiers left out. */
  references(): number;
}

/** What every door over sockets is made from. */
export interface SocketDoorParts {
  readonly engine: CacheEngine;
  readonly arena: Arena;
  readonly stack: TierStack;
  readonly registry: DoorRegistry;
  readonly clock: Clock;
  readonly drainTimeoutMs: number;
  readonly limits: DoorLimits;
}

/**
 * A door on a free port, over a real engine and a real arena.
 *
 * @param closeMore what was made for the door, after it and before the engine.
 */
export async function openSocketDoor<D extends SocketDoor<ServedConnection>>(
  options: TestSocketDoorOptions,
  create: (parts: SocketDoorParts) => D,
  closeMore: () => Promise<void> | void = () => undefined,
): Promise<TestSocketDoor<D>> {
  const parts = await createTestEngine(options);
  await using started = new AsyncDisposableStack();
  started.defer(() => parts.close());
  const door = create({
    engine: options.wrapEngine?.(parts.engine) ?? parts.engine,
    arena: parts.arena,
    stack: parts.stack,
    registry: new DoorRegistry(),
    clock: options.clock ?? systemClock,
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
  started.move();
  const close = async (): Promise<void> => {
    await door.beforeApplicationShutdown();
    door.onApplicationShutdown();
    await closeMore();
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
