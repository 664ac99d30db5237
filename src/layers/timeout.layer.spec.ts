import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chunkBytes, sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { ScriptedConnector } from '../../test/support/scripted.connector.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { remoteUnreachable } from '../connectors/connector-errors.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { layeredConnector } from './layered-connector.js';
import { TimeoutLayer } from './timeout.layer.js';

const KEY = ChunkKey.of('key');
const TIMEOUT = { code: 'KV_REMOTE_TIMEOUT', retryable: true };

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('TimeoutLayer', () => {
  let arena: Arena;
  let target: ScriptedConnector;
  let connector: RemoteConnector;

  const chunk = (): ArenaHandle =>
    sealedChunk(arena, new ArenaSpaceService(arena), { key: KEY, bytes: chunkBytes(5_000) });

  beforeEach(() => {
    jest.useFakeTimers();
    arena = createArena({ capacityBytes: 4 * 2 ** 20, native: false });
    target = new ScriptedConnector();
    const layer = new TimeoutLayer({ store: 'test://store', timeoutMs: 100, closeTimeoutMs: 200 });
    connector = layeredConnector(target, [layer]);
  });

  afterEach(() => {
    jest.useRealTimers();
    expect(arena.usage().references).toBe(0);
    arena.close();
  });

  it('passes what comes in time, and leaves no timer', async () => {
    const answer = connector.get(KEY);
    await jest.advanceTimersByTimeAsync(99);
    target.last.answer('miss');
    expect(await answer).toBe('miss');
    const failure = errorOf(connector.get(KEY));
    const error = remoteUnreachable('test://store');
    target.last.fail(error);
    expect(await failure).toBe(error);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends a call that takes longer', async () => {
    const failure = errorOf(connector.exists(KEY));
    await jest.advanceTimersByTimeAsync(100);
    expect(await failure).toMatchObject(TIMEOUT);
    expect(await failure).toMatchObject({ message: expect.stringContaining('exists within 100 ms') });
  });

  it('aborts the call below, with the reason', async () => {
    const failure = errorOf(connector.get(KEY));
    const signal = target.last.options?.signal;
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(100);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(await failure);
  });

  it('gives a signal that is aborted already to who looks late', async () => {
    const failure = errorOf(connector.get(KEY));
    await jest.advanceTimersByTimeAsync(100);
    expect(target.last.options?.signal?.reason).toBe(await failure);
  });

  it('makes no AbortController unless somebody looks', async () => {
    const Controller = AbortController;
    const made = jest.spyOn(globalThis, 'AbortController').mockImplementation(() => new Controller());
    const answer = connector.get(KEY);
    target.last.answer('miss');
    await answer;
    expect(made).not.toHaveBeenCalled();
    const looked = connector.get(KEY);
    const spread = { ...target.last.options };
    expect(spread.signal).toBeInstanceOf(AbortSignal);
    expect(target.last.options?.signal).toBe(spread.signal);
    expect(made).toHaveBeenCalledTimes(1);
    target.last.answer('miss');
    await looked;
  });

  it('aborts below when the caller does, and keeps no listener on his signal', async () => {
    const caller = new AbortController();
    const answer = connector.get(KEY, { signal: caller.signal });
    const below = target.last.options?.signal;
    expect(below?.aborted).toBe(false);
    caller.abort(new Error('enough'));
    expect(below?.reason).toEqual(new Error('enough'));
    target.last.answer('miss');
    await answer;

    const other = new AbortController();
    const second = connector.get(KEY, { signal: other.signal });
    expect(target.last.options?.signal?.aborted).toBe(false);
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(1);
    target.last.answer('miss');
    await second;
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(0);
  });

  it('keeps no listener on the signal of the caller for a call that never ends', async () => {
    const { signal } = new AbortController();
    const failure = errorOf(connector.get(KEY, { signal }));
    expect(target.last.options?.signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(100);
    expect(await failure).toMatchObject(TIMEOUT);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('gives back a chunk that comes too late', async () => {
    const failure = errorOf(connector.get(KEY));
    await jest.advanceTimersByTimeAsync(100);
    expect(await failure).toMatchObject(TIMEOUT);
    const late = chunk();
    target.last.answer(late);
    await jest.advanceTimersByTimeAsync(0);
    expect(late.disposed).toBe(true);
  });

  it('gives back every chunk of a batch that comes too late', async () => {
    const failure = errorOf(connector.getMany([KEY, KEY, KEY]));
    await jest.advanceTimersByTimeAsync(100);
    expect(await failure).toMatchObject(TIMEOUT);
    const late = [chunk(), chunk()];
    target.last.answer([late[0], 'miss', late[1]]);
    await jest.advanceTimersByTimeAsync(0);
    expect(late.map(({ disposed }) => disposed)).toEqual([true, true]);
  });

  it('lets an error that comes too late go by', async () => {
    const failure = errorOf(connector.get(KEY));
    await jest.advanceTimersByTimeAsync(100);
    expect(await failure).toMatchObject(TIMEOUT);
    target.last.fail(new Error('late'));
    await jest.advanceTimersByTimeAsync(0);
  });

  it.each(['put', 'putMany'] as const)(
    '%s: keeps the chunk while it is still being sent',
    async (operation) => {
      const sent = chunk();
      const { slot } = sent;
      const failure = errorOf(operation === 'put' ? connector.put(sent) : connector.putMany([sent]));
      await jest.advanceTimersByTimeAsync(100);
      expect(await failure).toMatchObject(TIMEOUT);
      sent[Symbol.dispose]();
      expect(arena.referenceCount(slot)).toBe(1);
      target.last.answer('stored');
      await jest.advanceTimersByTimeAsync(0);
      expect(arena.referenceCount(slot)).toBe(0);
    },
  );

  it('bounds close, too', async () => {
    const closed = connector.close();
    target.last.answer(undefined);
    await closed;
    expect(jest.getTimerCount()).toBe(0);
    const hanging = errorOf(connector.close());
    await jest.advanceTimersByTimeAsync(200);
    expect(await hanging).toMatchObject(TIMEOUT);
  });

  it('lets close take its time unless told otherwise', async () => {
    connector = layeredConnector(target, [new TimeoutLayer({ store: 'test://store', timeoutMs: 100 })]);
    const closed = connector.close();
    await jest.advanceTimersByTimeAsync(100_000);
    target.last.answer(undefined);
    expect(await errorOf(closed)).toBeUndefined();
  });
});
