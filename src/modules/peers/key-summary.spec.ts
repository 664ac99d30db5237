import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createTestEngine, put, type TestEngine } from '../../../test/support/engine.js';
import { storedChannel } from '../../common/tracing/engine-event.channel.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { NO_SUMMARY, type SummaryAnswer, type SummaryVersion } from '../../protocols/kvnest-tcp/summary.js';
import { KeySummary } from './key-summary.js';

const ASKER = { ended: false, onAbort: () => undefined };
const BYTES = Buffer.from('value');
/** Longer than a question may wait. */
const LONG_MS = 60_000;

describe('the summary of a server', () => {
  let engine: TestEngine;
  let summary: KeySummary;

  beforeEach(async () => {
    engine = await createTestEngine();
    await put(engine, ChunkKey.of('a'), BYTES);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    summary = new KeySummary(engine.stack.tiers, () => performance.now());
  });
  afterEach(async () => {
    summary.close();
    jest.useRealTimers();
    await engine.close();
  });

  async function versionOf(answer: Promise<SummaryAnswer>): Promise<SummaryVersion> {
    const told = await answer;
    if (told.kind === 'none') throw new Error('there is no summary');
    return { id: told.id, version: told.version };
  }

  async function wait(since: SummaryVersion): Promise<SummaryAnswer> {
    const answer = summary.since(since, LONG_MS, ASKER);
    await jest.advanceTimersByTimeAsync(30_000);
    return answer;
  }

  it('is followed as long as questions wait, and forgotten a minute after the last one', async () => {
    const first = await versionOf(summary.since(NO_SUMMARY, LONG_MS, ASKER));
    for (let i = 0; i < 6; i++) expect(await wait(first)).toMatchObject({ kind: 'added', hashes: [] });
    await put(engine, ChunkKey.of('b'), BYTES);
    expect(await wait(first)).toMatchObject({ kind: 'added', hashes: [expect.anything()] });
    await jest.advanceTimersByTimeAsync(29_000);
    expect(await versionOf(summary.since(first, 0, ASKER))).toMatchObject({ id: first.id });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await versionOf(summary.since(first, 0, ASKER))).not.toMatchObject({ id: first.id });
  });

  it('follows nothing when it was closed, whatever is asked', async () => {
    const first = await versionOf(summary.since(NO_SUMMARY, 0, ASKER));
    summary.close();
    expect(await summary.since(first, 0, ASKER)).toEqual({ kind: 'none' });
    expect(storedChannel.hasSubscribers).toBe(false);
  });
});
