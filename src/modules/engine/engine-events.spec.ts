import { channel } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Subscription } from 'rxjs';
import { createTestEngine, get, put, type TestEngine } from '../../../test/support/engine.js';
import { ScriptedBackend } from '../../../test/support/scripted.backend.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { describeKey } from '../../protocols/chunk-key/describe-key.js';
import { type EngineEvent, engineEvents, type EngineEventType } from './engine-events.js';

const MIB = 2 ** 20;
const TYPES: readonly EngineEventType[] = ['stored', 'hit', 'miss', 'evicted'];
const key = (name: string): ChunkKey => ChunkKey.of(name);

describe('engineEvents', () => {
  let test: TestEngine;
  let subscription: Subscription | undefined;

  async function start(withLowerTier = false): Promise<ScriptedBackend> {
    let lower!: ScriptedBackend;
    test = await createTestEngine({
      arenaBytes: 8 * MIB,
      tiers: (parts) => {
        lower = new ScriptedBackend('lower', parts);
        return withLowerTier ? [lower] : [];
      },
    });
    return lower;
  }

  afterEach(async () => {
    subscription?.unsubscribe();
    jest.restoreAllMocks();
    await test.close();
  });

  /** One line for each event from now on: `hit a memory 5`. */
  function record(...types: readonly EngineEventType[]): string[] {
    const lines: string[] = [];
    subscription = engineEvents(...types).subscribe((event) => lines.push(line(event)));
    return lines;
  }

  function line(event: EngineEvent): string {
    const { type } = event;
    if (type === 'miss') return `${type} ${String(event.key)} ${event.reason}`;
    const bytes = type === 'evicted' ? '' : ` ${event.bytes}`;
    return `${type} ${String(event.key)} ${event.tier}${bytes}`;
  }

  const ofKey = (lines: readonly string[], name: string): string[] =>
    lines.filter((text) => text.split(' ')[1] === name);

  it('tells the life of a key in its order, from the first miss to the miss after its eviction', async () => {
    await start();
    const lines = record();
    await get(test, key('a'));
    await put(test, key('a'), Buffer.alloc(MIB, 1));
    await get(test, key('a'));
    for (let n = 0; n < 10; n++) await put(test, key(`other-${n}`), Buffer.alloc(MIB, n));
    await get(test, key('a'));
    await put(test, key('a'), Buffer.from('again'));
    expect(ofKey(lines, 'a')).toEqual([
      'miss a miss',
      `stored a memory ${MIB}`,
      `hit a memory ${MIB}`,
      'evicted a memory',
      'miss a miss',
      'stored a memory 5',
    ]);
  });

  it('tells each tier that has the chunk, and its promotion', async () => {
    await start(true);
    const lines = record();
    await put(test, key('a'), Buffer.from('abcde'), { ack: 'all' });
    await test.stack.tiers[0]?.backend.remove(key('a'));
    await get(test, key('a'));
    await get(test, key('a'));
    expect(lines).toEqual([
      'stored a memory 5',
      'stored a lower 5',
      'stored a memory 5',
      'hit a lower 5',
      'hit a memory 5',
    ]);
  });

  it('says of tokens what it says of keys', async () => {
    await start();
    const request = { model: 'm', cacheSalt: 'bob', tokens: Uint32Array.from({ length: 512 }, (_, i) => i) };
    const [first, second] = test.engine.chunks(request);
    await put(test, first!.key, Buffer.from('abcde'));
    const events: EngineEvent[] = [];
    subscription = engineEvents().subscribe((event) => events.push(event));
    await new Promise<void>((resolve) =>
      test.engine.retrieve(request).subscribe({
        next: ({ handle }) => handle[Symbol.dispose](),
        complete: resolve,
      }),
    );
    expect(events.map(({ type, key: named }) => [type, named.equals(first!.key) ? 1 : 2])).toEqual([
      ['hit', 1],
      ['miss', 2],
    ]);
    expect(events[1]!.key.equals(second!.key)).toBe(true);
    expect(describeKey(events[0]!.key)).toEqual({ model: 'm', tenant: 'bob' });
  });

  it('tells why a chunk that is there was not read', async () => {
    const lower = await start(true);
    const lines = record('miss');
    jest.spyOn(lower, 'get').mockResolvedValueOnce('corrupt');
    await get(test, key('damaged'));
    expect(lines).toEqual(['miss damaged corrupt']);
  });

  it('does not say that a tier has what it refused', async () => {
    const lower = await start(true);
    lower.putOutcome = 'rejected';
    const lines = record('stored');
    await put(test, key('a'), Buffer.from('abcde'), { ack: 'all' });
    expect(lines).toEqual(['stored a memory 5']);
  });

  it('tells only the types that were asked for, and nothing after the end of the subscription', async () => {
    await start();
    const lines = record('hit', 'hit');
    await put(test, key('a'), Buffer.from('abcde'));
    await get(test, key('a'));
    await get(test, key('b'));
    expect(lines).toEqual(['hit a memory 5']);
    expect(TYPES.filter((type) => channel(`kvnest:engine.${type}`).hasSubscribers)).toEqual(['hit']);
    void get(test, key('a'));
    subscription?.unsubscribe();
    await get(test, key('a'));
    expect(lines).toHaveLength(1);
    expect(TYPES.some((type) => channel(`kvnest:engine.${type}`).hasSubscribers)).toBe(false);
  });

  it('lets a subscriber change the cache, an eviction that is being told included', async () => {
    await start();
    const done: Promise<string>[] = [];
    subscription = engineEvents('evicted').subscribe((event) => {
      void test.engine.delete([event.key]);
      if (done.length < 5) done.push(put(test, key(`instead-${done.length}`), Buffer.alloc(MIB)));
    });
    for (let n = 0; n < 20; n++) await put(test, key(`${n}`), Buffer.alloc(MIB, n));
    expect(await Promise.all(done)).toEqual(Array(5).fill('stored'));
    expect((await get(test, key('19')))?.[0]).toBe(19);
  });

  it('makes no event and no key without a subscriber', async () => {
    await start();
    const publishers = TYPES.map((type) => jest.spyOn(channel(`kvnest:engine.${type}`), 'publish'));
    const acquire = jest.spyOn(test.arena, 'acquire');
    for (let n = 0; n < 10; n++) await put(test, key(`${n}`), Buffer.alloc(MIB, n));
    expect(test.engine.status().tiers[0]?.evictions).toBeGreaterThan(0);
    expect(acquire).not.toHaveBeenCalled();
    await get(test, key('9'));
    await get(test, key('nothing'));
    expect(publishers.map((publish) => publish.mock.calls.length)).toEqual([0, 0, 0, 0]);
    subscription = engineEvents().subscribe();
    for (let n = 10; n < 20; n++) await put(test, key(`${n}`), Buffer.alloc(MIB, n));
    await get(test, key('19'));
    await get(test, key('nothing'));
    expect(publishers.every((publish) => publish.mock.calls.length > 0)).toBe(true);
  });
});
