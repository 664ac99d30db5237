import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScriptedConnector } from '../../test/support/scripted.connector.js';
import { remoteAborted, remoteRefused, remoteUnreachable } from '../connectors/connector-errors.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { layeredConnector } from './layered-connector.js';
import { RetryLayer, type RetryLayerOptions } from './retry.layer.js';
import { TargetCall } from './target-call.js';

const KEY = ChunkKey.of('key');
const STORE = 'test://store';
const DOWN = remoteUnreachable(STORE);

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('RetryLayer', () => {
  let target: ScriptedConnector;

  const around = (options: Partial<RetryLayerOptions> = {}): RemoteConnector =>
    layeredConnector(target, [
      new RetryLayer({
        store: STORE,
        attempts: 5,
        baseDelayMs: 100,
        maxDelayMs: 300,
        random: () => 0.5,
        ...options,
      }),
    ]);

  /** Milliseconds after the start at which each attempt was made. */
  async function attempts(connector: RemoteConnector): Promise<{ times: number[]; error: unknown }> {
    const times: number[] = [];
    const start = performance.now();
    target.script = () => {
      times.push(performance.now() - start);
      return DOWN;
    };
    const failure = errorOf(connector.get(KEY));
    await jest.runAllTimersAsync();
    return { times, error: await failure };
  }

  beforeEach(() => {
    jest.useFakeTimers();
    target = new ScriptedConnector();
  });

  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('tries again after pauses that grow up to a bound, and gives up with the last error', async () => {
    const { times, error } = await attempts(around());
    expect(times).toEqual([0, 50, 150, 300, 450]);
    expect(error).toBe(DOWN);
  });

  it('draws each pause from none to the bound', async () => {
    const draws = [0, 0.25, 0.99];
    const { times } = await attempts(around({ attempts: 4, random: () => draws.shift()! }));
    expect(times).toEqual([0, 0, 50, 347]);
  });

  it('answers as the first attempt that succeeds', async () => {
    const answer = around().exists(KEY);
    target.last.fail(DOWN);
    await jest.advanceTimersByTimeAsync(50);
    target.last.answer(true);
    expect(await answer).toBe(true);
    expect(target.calls).toHaveLength(2);
  });

  it.each([
    ['the store refused', remoteRefused(STORE, 'wrong password')],
    ['nobody knows', new Error('a bug')],
    ['the call was taken back', remoteAborted(STORE)],
  ])('does not try again when %s', async (_, error) => {
    target.script = () => error;
    expect(await errorOf(around().get(KEY))).toBe(error);
    expect(target.calls).toHaveLength(1);
  });

  it('does not try again what is not the same when done twice', async () => {
    const layer = new RetryLayer({ store: STORE, attempts: 5, baseDelayMs: 0, maxDelayMs: 0 });
    const run = jest.fn(() => Promise.reject<boolean>(DOWN));
    const call = new TargetCall('pin', 1, run);
    expect(await errorOf(layer.call(call, (each) => each.run()))).toBe(DOWN);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('begins no attempt beyond its budget', async () => {
    const { times, error } = await attempts(around({ budgetMs: 299 }));
    expect(times).toEqual([0, 50, 150]);
    expect(error).toBe(DOWN);
  });

  it('keeps no listener on the signal of a call', async () => {
    const { signal } = new AbortController();
    const answer = around().get(KEY, { signal });
    target.last.fail(DOWN);
    await jest.advanceTimersByTimeAsync(10);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(40);
    target.last.answer('miss');
    expect(await answer).toBe('miss');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('stops when the caller takes the call back, also between two attempts', async () => {
    const abort = new AbortController();
    const failure = errorOf(around().get(KEY, { signal: abort.signal }));
    target.last.fail(DOWN);
    await jest.advanceTimersByTimeAsync(10);
    abort.abort();
    expect(await failure).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    await jest.runAllTimersAsync();
    expect(target.calls).toHaveLength(1);
  });

  it('makes no further attempt when the call was taken back before the first one failed', async () => {
    const abort = new AbortController();
    const failure = errorOf(around().get(KEY, { signal: abort.signal }));
    abort.abort();
    target.last.fail(DOWN);
    expect(await failure).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(target.calls).toHaveLength(1);
  });

  it('ends pauses when it is closed, with the error of the last attempt', async () => {
    const connector = around();
    const failure = errorOf(connector.get(KEY));
    target.last.fail(DOWN);
    await jest.advanceTimersByTimeAsync(10);
    target.script = () => null;
    await connector.close();
    expect(await failure).toBe(DOWN);
  });
});
