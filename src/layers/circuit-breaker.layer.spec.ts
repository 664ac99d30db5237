import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/clock.js';
import { ScriptedConnector } from '../../test/support/scripted.connector.js';
import { type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { KvError } from '../common/errors/kv-error.js';
import { remoteCircuitChannel } from '../common/tracing/remote-call.channel.js';
import {
  remoteAborted,
  remoteClosed,
  remoteRefused,
  remoteUnreachable,
  remoteUnsupported,
} from '../connectors/connector-errors.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { CircuitBreakerLayer } from './circuit-breaker.layer.js';
import { layeredConnector } from './layered-connector.js';

const KEY = ChunkKey.of('key');
const STORE = 'test://store';
const DOWN = remoteUnreachable(STORE);
const CODE = 'KV_REMOTE_CIRCUIT_OPEN';

/** How a call ended: its answer, or the code of its error. */
const ended = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof KvError ? error.code : error));

describe('CircuitBreakerLayer', () => {
  let clock: ManualClock;
  let target: ScriptedConnector;
  let breaker: CircuitBreakerLayer;
  let connector: RemoteConnector;
  let changes: [string, unknown][];

  beforeEach(() => {
    clock = new ManualClock();
    target = new ScriptedConnector();
    changes = [];
    breaker = new CircuitBreakerLayer({
      tier: 'cold',
      store: STORE,
      failures: 3,
      cooldownMs: 1_000,
      maxCooldownMs: 3_000,
      clock,
      onStateChange: (...change) => changes.push(change),
    });
    connector = layeredConnector(target, [breaker]);
  });

  /** Makes calls that end with this answer or error. */
  async function calls(count: number, outcome: unknown): Promise<void> {
    target.script = () => outcome;
    for (let i = 0; i < count; i++) await ended(connector.get(KEY));
    target.script = undefined;
  }

  /** Whether a call reaches the store, which answers it so. */
  async function reaches(outcome: unknown): Promise<boolean> {
    const before = target.calls.length;
    await calls(1, outcome);
    return target.calls.length > before;
  }

  it('opens after as many failures in a row, and then fails at once', async () => {
    await calls(2, DOWN);
    expect(breaker.state).toBe('closed');
    await calls(1, DOWN);
    expect(breaker.state).toBe('open');
    expect(await ended(connector.get(KEY))).toBe(CODE);
    expect(await ended(connector.connect())).toBe(CODE);
    expect(target.calls).toHaveLength(3);
    expect(changes).toEqual([['open', DOWN]]);
  });

  it('counts failures in a row only', async () => {
    for (let i = 0; i < 5; i++) {
      await calls(2, DOWN);
      await calls(1, 'miss');
      await calls(2, DOWN);
      target.script = () => true;
      await connector.exists(KEY);
    }
    expect(breaker.state).toBe('closed');
  });

  it.each([
    ['an error of nobody knows whom', new Error('a bug'), 'open'],
    ['refused credentials', remoteRefused(STORE, 'no'), 'open'],
    ['a call that was taken back', remoteAborted(STORE), 'closed'],
    ['a missing capability', remoteUnsupported(STORE, 'list'), 'closed'],
    ['a connector that is closed', remoteClosed(STORE), 'closed'],
    ['a miss', 'miss', 'closed'],
    ['a busy store', 'busy', 'closed'],
  ])('%s: %s, is %s', async (_, outcome, state) => {
    await calls(10, outcome);
    expect(breaker.state).toBe(state);
  });

  it('lets exactly one call through after the cool-down, and closes when that succeeds', async () => {
    await calls(3, DOWN);
    clock.advance(999);
    expect(await reaches('miss')).toBe(false);
    clock.advance(1);
    const probe = connector.get(KEY);
    const others = await Promise.all(Array.from({ length: 20 }, () => ended(connector.get(KEY))));
    expect(new Set(others)).toEqual(new Set([CODE]));
    expect(breaker.state).toBe('half-open');
    expect(target.calls).toHaveLength(4);
    target.last.answer('miss');
    expect(await probe).toBe('miss');
    expect(breaker.state).toBe('closed');
    expect(await reaches('miss')).toBe(true);
    expect(changes).toEqual([
      ['open', DOWN],
      ['half-open', undefined],
      ['closed', undefined],
    ]);
  });

  it('cools down for longer each time the probe fails, up to a bound, and anew after a recovery', async () => {
    await calls(3, DOWN);
    for (const cooldownMs of [1_000, 2_000, 3_000, 3_000]) {
      clock.advance(cooldownMs - 1);
      expect(await reaches(DOWN)).toBe(false);
      clock.advance(1);
      expect(await reaches(DOWN)).toBe(true);
    }
    clock.advance(3_000);
    expect(await reaches('miss')).toBe(true);
    expect(breaker.state).toBe('closed');
    await calls(3, DOWN);
    clock.advance(1_000);
    expect(await reaches('miss')).toBe(true);
  });

  it('leaves the decision to the next call when the probe was taken back', async () => {
    await calls(3, DOWN);
    clock.advance(1_000);
    expect(await reaches(remoteAborted(STORE))).toBe(true);
    expect(breaker.state).toBe('open');
    expect(await reaches('miss')).toBe(true);
    expect(breaker.state).toBe('closed');
  });

  it('does not listen to calls from before it opened', async () => {
    const early = connector.get(KEY);
    const failing = ended(connector.get(KEY));
    const [succeeds, fails] = target.calls;
    await calls(3, DOWN);
    clock.advance(1_000);
    const probe = connector.get(KEY);
    const probed = target.last;
    fails!.fail(DOWN);
    await failing;
    expect(breaker.state).toBe('half-open');
    succeeds!.answer('miss');
    await early;
    expect(breaker.state).toBe('half-open');
    probed.answer('miss');
    await probe;
    expect(changes.map(([state]) => state)).toEqual(['open', 'half-open', 'closed']);
  });

  it('publishes each change', async () => {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => void messages.push(message);
    subscribe(remoteCircuitChannel.name, listener);
    await calls(3, DOWN);
    unsubscribe(remoteCircuitChannel.name, listener);
    expect(messages).toEqual([{ tier: 'cold', state: 'open' }]);
  });

  describe('a store whose chunks are corrupt', () => {
    const arena = createArena({ capacityBytes: 2 ** 20, native: false });
    let whole: ArenaHandle;

    beforeEach(() => {
      whole = arena.allocate({ key: KEY, lengthBytes: 10 }) as ArenaHandle;
    });
    afterEach(() => whole[Symbol.dispose]());

    it('opens it, when none is whole among them', async () => {
      await calls(2, 'corrupt');
      await calls(1, whole);
      await calls(2, 'corrupt');
      await calls(5, 'miss');
      expect(breaker.state).toBe('closed');
      await calls(1, 'corrupt');
      expect(breaker.state).toBe('open');
    });

    it('opens it by batches, too', async () => {
      target.script = () => ['corrupt', 'miss', 'corrupt', 'corrupt'];
      await connector.getMany([KEY, KEY, KEY, KEY]);
      expect(breaker.state).toBe('open');
    });

    it('opens it again, for longer, with the next corrupt chunk', async () => {
      await calls(3, 'corrupt');
      clock.advance(1_000);
      target.script = () => true;
      await connector.exists(KEY);
      expect(breaker.state).toBe('closed');
      await calls(1, 'corrupt');
      expect(breaker.state).toBe('open');
      clock.advance(1_999);
      expect(await reaches(whole)).toBe(false);
      clock.advance(1);
      expect(await reaches(whole)).toBe(true);
      await calls(2, 'corrupt');
      expect(breaker.state).toBe('closed');
    });

    it('cools down anew once a chunk was whole', async () => {
      await calls(3, 'corrupt');
      clock.advance(1_000);
      target.script = () => true;
      await connector.exists(KEY);
      await calls(1, whole);
      await calls(3, 'corrupt');
      clock.advance(1_000);
      expect(await reaches('miss')).toBe(true);
    });

    it('does not close when the probe brings a corrupt chunk', async () => {
      await calls(3, 'corrupt');
      clock.advance(1_000);
      expect(await reaches('corrupt')).toBe(true);
      expect(breaker.state).toBe('open');
    });
  });
});
