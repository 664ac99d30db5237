import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { ScriptedConnector } from '../../test/support/scripted.connector.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { createArena } from '../arena/create-arena.js';
import { remoteCallChannel } from '../common/tracing/remote-call.channel.js';
import { remoteUnreachable } from '../connectors/connector-errors.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { layeredConnector } from './layered-connector.js';
import { MetricsLayer } from './metrics.layer.js';

const KEY = ChunkKey.of('key');

describe('MetricsLayer', () => {
  const target = new ScriptedConnector();
  const connector = layeredConnector(target, [new MetricsLayer({ tier: 'cold' })]);
  let messages: unknown[];
  const listener = (message: unknown): void => void messages.push(message);

  beforeEach(() => {
    messages = [];
    subscribe(remoteCallChannel.name, listener);
  });
  afterEach(() => void unsubscribe(remoteCallChannel.name, listener));

  it('publishes what a call was and how long it took', async () => {
    const arena = createArena({ capacityBytes: 2 ** 20, native: false });
    const spec = { key: KEY, bytes: Buffer.alloc(700) };
    using chunk = sealedChunk(arena, new ArenaSpaceService(arena), spec);
    const answer = connector.putMany([chunk, chunk]);
    expect(messages).toEqual([]);
    target.last.answer(['stored', 'busy']);
    expect(await answer).toEqual(['stored', 'busy']);
    expect(messages).toEqual([
      {
        tier: 'cold',
        operation: 'putMany',
        keys: 2,
        bytes: 1_400,
        seconds: expect.any(Number),
        error: undefined,
      },
    ]);
    expect((messages[0] as { seconds: number }).seconds).toBeGreaterThan(0);
  });

  it('publishes the code of an error', async () => {
    const error = remoteUnreachable('test://store');
    for (const thrown of [error, new Error('a bug')]) {
      const failure = connector.get(KEY).catch((caught: unknown) => caught);
      target.last.fail(thrown);
      expect(await failure).toBe(thrown);
    }
    expect(messages).toMatchObject([{ error: 'KV_REMOTE_UNREACHABLE' }, { error: 'unknown' }]);
  });

  it('does not even look at the clock when nobody listens', async () => {
    unsubscribe(remoteCallChannel.name, listener);
    const now = jest.spyOn(performance, 'now');
    const answer = connector.get(KEY);
    target.last.answer('miss');
    expect(await answer).toBe('miss');
    expect(now).not.toHaveBeenCalled();
  });
});
