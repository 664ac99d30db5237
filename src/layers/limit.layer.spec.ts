import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { ScriptedConnector } from '../../test/support/scripted.connector.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { KvError } from '../common/errors/kv-error.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { layeredConnector } from './layered-connector.js';
import { LimitLayer, type LimitLayerOptions } from './limit.layer.js';
import { TargetCall } from './target-call.js';

const KEY = ChunkKey.of('key');
const OVERLOADED = 'KV_REMOTE_OVERLOADED';

const ended = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof KvError ? error.code : error));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('LimitLayer', () => {
  let arena: Arena;
  let target: ScriptedConnector;
  let chunks: ArenaHandle[];

  beforeEach(() => {
    arena = createArena({ capacityBytes: 4 * 2 ** 20, native: false });
    target = new ScriptedConnector();
    chunks = [];
  });

  afterEach(() => {
    for (const chunk of chunks) chunk[Symbol.dispose]();
    jest.useRealTimers();
    arena.close();
  });

  const layer = (options: Partial<LimitLayerOptions> = {}): LimitLayer =>
    new LimitLayer({
      store: 'test://store',
      maxCalls: 2,
      maxBytes: 1_000,
      maxWaitingCalls: 100,
      maxWaitingBytes: 1_000_000,
      maxWaitMs: 60_000,
      ...options,
    });

  const around = (options: Partial<LimitLayerOptions> = {}): RemoteConnector =>
    layeredConnector(target, [layer(options)]);

  const chunk = (lengthBytes: number): ArenaHandle => {
    const handle = sealedChunk(arena, new ArenaSpaceService(arena), {
      key: KEY,
      bytes: Buffer.alloc(lengthBytes),
    });
    chunks.push(handle);
    return handle;
  };

  it('makes as many calls at once, and the next when one ends, in order', async () => {
    const connector = around();
    const answers = [connector.get(KEY), connector.ping(), connector.exists(KEY), connector.remove(KEY)];
    expect(target.calls.map(({ operation }) => operation)).toEqual(['get', 'ping']);
    target.calls[1]!.answer(undefined);
    await turn();
    expect(target.calls.map(({ operation }) => operation)).toEqual(['get', 'ping', 'exists']);
    target.calls[0]!.fail(new Error('down'));
    await turn();
    expect(target.calls.map(({ operation }) => operation)).toEqual(['get', 'ping', 'exists', 'remove']);
    for (const call of target.calls.slice(2)) call.answer(true);
    expect(await Promise.all(answers.map(ended))).toEqual([new Error('down'), undefined, true, true]);
  });

  it('sends as many bytes at once', async () => {
    const connector = around({ maxCalls: 10 });
    const answers = [connector.put(chunk(600)), connector.putMany([chunk(200), chunk(201)])];
    expect(target.calls).toHaveLength(1);
    target.last.answer('stored');
    await turn();
    target.last.answer(['stored', 'stored']);
    expect(await Promise.all(answers)).toEqual(['stored', ['stored', 'stored']]);
  });

  it('lets a call that sends more than all of it go when no other one sends, and none passes it', async () => {
    const connector = around({ maxCalls: 10 });
    const first = connector.put(chunk(10));
    const large = connector.put(chunk(5_000));
    const small = connector.put(chunk(1));
    expect(target.calls).toHaveLength(1);
    target.last.answer('stored');
    await first;
    await turn();
    expect(target.calls.map((call) => call.chunks[0]?.lengthBytes)).toEqual([10, 5_000]);
    target.last.answer('stored');
    await large;
    await turn();
    target.last.answer('stored');
    expect(await small).toBe('stored');
  });

  it('refuses calls that find the queue full', async () => {
    const connector = around({ maxCalls: 1, maxWaitingCalls: 2 });
    const answers = Array.from({ length: 4 }, () => ended(connector.get(KEY)));
    expect(await answers[3]).toBe(OVERLOADED);
    for (let i = 0; i < 3; i++) {
      target.calls[i]!.answer('miss');
      await turn();
    }
    expect(await Promise.all(answers)).toEqual(['miss', 'miss', 'miss', OVERLOADED]);
  });

  it('refuses calls that would hold too many bytes in the queue, unless they are the only ones', async () => {
    const connector = around({ maxCalls: 1, maxWaitingBytes: 100 });
    const running = connector.get(KEY);
    const large = connector.put(chunk(500));
    expect(await ended(connector.put(chunk(1)))).toBe(OVERLOADED);
    const empty = connector.get(KEY);
    for (const outcome of ['miss', 'stored', 'miss']) {
      target.last.answer(outcome);
      await turn();
    }
    expect(await Promise.all([running, large, empty])).toEqual(['miss', 'stored', 'miss']);
    const again = [connector.get(KEY), connector.put(chunk(100))];
    target.last.answer('miss');
    await turn();
    target.last.answer('stored');
    expect(await Promise.all(again)).toEqual(['miss', 'stored']);
  });

  it('refuses a call that waited too long, and lets the next one in its place', async () => {
    jest.useFakeTimers();
    const connector = around({ maxCalls: 10, maxWaitMs: 50 });
    const running = connector.put(chunk(900));
    const large = ended(connector.put(chunk(5_000)));
    await jest.advanceTimersByTimeAsync(20);
    const small = connector.put(chunk(100));
    await jest.advanceTimersByTimeAsync(30);
    expect(await large).toBe(OVERLOADED);
    expect(target.calls).toHaveLength(2);
    for (const call of target.calls) call.answer('stored');
    expect(await Promise.all([running, small])).toEqual(['stored', 'stored']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('forgets a call that is taken back while it waits', async () => {
    const connector = around({ maxCalls: 1 });
    const running = connector.get(KEY);
    const abort = new AbortController();
    const waiting = ended(connector.get(KEY, { signal: abort.signal }));
    const last = connector.exists(KEY, { signal: abort.signal });
    void last.catch(() => undefined);
    abort.abort();
    expect(await waiting).toBe('KV_REMOTE_ABORTED');
    expect(await ended(connector.get(KEY, { signal: abort.signal }))).toBe('KV_REMOTE_ABORTED');
    target.last.answer('miss');
    expect(await running).toBe('miss');
    await turn();
    expect(target.calls).toHaveLength(1);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  it('ends waiting calls when it is closed, and works when it is opened again', async () => {
    const connector = around({ maxCalls: 1 });
    const running = connector.get(KEY);
    const waiting = [ended(connector.get(KEY)), ended(connector.get(KEY))];
    const closed = connector.close();
    expect(await Promise.all(waiting)).toEqual(['KV_REMOTE_CLOSED', 'KV_REMOTE_CLOSED']);
    for (const call of target.calls) call.answer(call.operation === 'get' ? 'miss' : undefined);
    await Promise.all([running, closed]);
    expect(target.calls.map(({ operation }) => operation)).toEqual(['get', 'close']);
    const again = connector.get(KEY);
    target.last.answer('miss');
    expect(await again).toBe('miss');
  });

  it('starts no waiting call while it is closed', async () => {
    const connector = around({ maxCalls: 10 });
    const running = connector.put(chunk(900));
    const waiting = [ended(connector.put(chunk(5_000))), ended(connector.put(chunk(50)))];
    const closed = connector.close();
    expect(await Promise.all(waiting)).toEqual(['KV_REMOTE_CLOSED', 'KV_REMOTE_CLOSED']);
    for (const call of target.calls) call.answer('stored');
    await Promise.all([running, closed]);
    expect(target.calls.map(({ operation }) => operation)).toEqual(['put', 'close']);
  });

  it('keeps its bounds and the order, whatever comes', async () => {
    const random = new SeededRandom(7);
    const limit = layer({ maxCalls: 5, maxWaitingCalls: 1_000 });
    const started: number[] = [];
    let calls = 0;
    let bytes = 0;
    const send = (id: number): Promise<void> => {
      const lengthBytes = random.chance(0.3) ? 0 : random.below(random.chance(0.1) ? 3_000 : 700) + 1;
      const handles = lengthBytes === 0 ? [] : [chunk(lengthBytes)];
      const call = new TargetCall<void>(
        'putMany',
        handles.length,
        async () => {
          started.push(id);
          calls++;
          const before = bytes;
          bytes += lengthBytes;
          expect(calls).toBeLessThanOrEqual(5);
          expect(bytes <= 1_000 || before === 0 || lengthBytes === 0).toBe(true);
          for (let turns = random.below(5); turns > 0; turns--) await turn();
          calls--;
          bytes -= lengthBytes;
          if (random.chance(0.2)) throw new Error('down');
        },
        undefined,
        handles,
      );
      return limit.call(call, (each) => each.run());
    };
    const sent = await Promise.allSettled(Array.from({ length: 500 }, (_, id) => send(id)));
    expect(sent).toHaveLength(500);
    expect(started).toEqual(Array.from({ length: 500 }, (_, id) => id));
  });
});
