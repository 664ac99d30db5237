import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkBytes, sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { systemClock } from '../common/clock.js';
import { isKvError } from '../common/errors/kv-error.js';
import { LoopbackConnector } from '../connectors/loopback/loopback.connector.js';
import { adaptPlainConnector } from '../connectors/plain-connector.adapter.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ChaosLayer, type ChaosFaults } from './chaos.layer.js';
import { CircuitBreakerLayer } from './circuit-breaker.layer.js';
import { layeredConnector } from './layered-connector.js';
import { LimitLayer } from './limit.layer.js';
import { MetricsLayer } from './metrics.layer.js';
import { RetryLayer } from './retry.layer.js';
import { TimeoutLayer } from './timeout.layer.js';

const store = 'test://store';
const KEYS = Array.from({ length: 12 }, (_, i) => ChunkKey.of(`key-${i}`));
const LENGTH_BYTES = 20_000;
const ROUNDS = process.env['KVNEST_SOAK'] === '1' ? 2_000 : 100;

/** The code of what a call ended with instead of an answer. */
const codeOf = (error: unknown): string => (isKvError(error) ? error.code : String(error));

describe('all layers over a store that does everything wrong', () => {
  let arena: Arena;
  let bare: RemoteConnector;
  let breaker: CircuitBreakerLayer;
  let chaos: ChaosLayer;
  let connector: RemoteConnector;
  let skippedMs = 0;

  beforeEach(async () => {
    arena = createArena({ capacityBytes: 8 * 2 ** 20, native: false });
    const context = { arena, space: new ArenaSpaceService(arena), label: store };
    bare = adaptPlainConnector(new LoopbackConnector(new Map(), systemClock), context);
    breaker = new CircuitBreakerLayer({
      tier: 'cold',
      store,
      failures: 4,
      cooldownMs: 5,
      maxCooldownMs: 20,
      clock: { nowMs: () => performance.now() + skippedMs },
    });
    chaos = new ChaosLayer({ store, seed: 11, faults: {}, maxDelayMs: 15 });
    connector = layeredConnector(bare, [
      new MetricsLayer({ tier: 'cold' }),
      new LimitLayer({
        store,
        maxCalls: 4,
        maxBytes: 3 * LENGTH_BYTES,
        maxWaitingCalls: 20,
        maxWaitingBytes: 20 * LENGTH_BYTES,
        maxWaitMs: 40,
      }),
      breaker,
      new RetryLayer({ store, attempts: 3, baseDelayMs: 2, maxDelayMs: 5 }),
      new TimeoutLayer({ store, timeoutMs: 10 }),
      chaos,
    ]);
    await connector.connect();
  });

  afterEach(async () => {
    await connector.close();
    expect(arena.usage().references).toBe(0);
    arena.close();
  });

  const chunk = (n: number): ArenaHandle => {
    const spec = { key: KEYS[n]!, bytes: chunkBytes(LENGTH_BYTES, n) };
    return sealedChunk(arena, new ArenaSpaceService(arena), spec);
  };

  const check = (n: number, outcome: ArenaHandle | string): string => {
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    expect(Buffer.concat(handle.views).equals(chunkBytes(LENGTH_BYTES, n))).toBe(true);
    return 'chunk';
  };

  /** One call of some kind. @returns what became of it. */
  async function call(random: SeededRandom): Promise<readonly string[]> {
    const [a, b] = [random.below(KEYS.length), random.below(KEYS.length)];
    try {
      if (random.chance(0.3)) {
        using first = chunk(a);
        using second = chunk(b);
        return await connector.putMany([first, second]);
      }
      if (random.chance(0.3)) {
        const outcomes = await connector.getMany([KEYS[a]!, KEYS[b]!]);
        return [check(a, outcomes[0]!), check(b, outcomes[1]!)];
      }
      if (random.chance(0.2)) return [String(await connector.remove(KEYS[a]!))];
      return [check(a, await connector.get(KEYS[a]!))];
    } catch (error) {
      return [codeOf(error)];
    }
  }

  it.each<[string, ChaosFaults]>([
    ['a bit of everything', { delay: 0.2, error: 0.1, hang: 0.05, corrupt: 0.1, partial: 0.1 }],
    ['almost only faults', { delay: 0.5, error: 0.5, hang: 0.2, corrupt: 0.3, partial: 0.3 }],
  ])('%s: every call ends with right bytes, an outcome or an error of the store', async (_, faults) => {
    chaos.faults = faults;
    const random = new SeededRandom(3);
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const outcomes = await Promise.all(Array.from({ length: 1 + random.below(8) }, () => call(random)));
      for (const outcome of outcomes.flat()) seen.add(outcome);
    }
    for (const outcome of seen)
      expect(outcome).toMatch(/^(chunk|stored|miss|busy|corrupt|true|false|KV_REMOTE_[A-Z_]+)$/);
    expect(seen.size).toBeGreaterThan(5);
  });

  it('works as if nothing had been, once the store is in order again', async () => {
    chaos.faults = { error: 1 };
    const random = new SeededRandom(4);
    while (breaker.state !== 'open') await call(random);
    expect(await connector.get(KEYS[0]!).catch(codeOf)).toBe('KV_REMOTE_CIRCUIT_OPEN');
    chaos.faults = {};
    skippedMs += 20;
    await connector.ping();
    expect(breaker.state).toBe('closed');
    using put = chunk(5);
    expect(await connector.put(put)).toBe('stored');
    expect(check(5, await connector.get(KEYS[5]!))).toBe('chunk');
  });
});
