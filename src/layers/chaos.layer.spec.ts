import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkBytes, sealedChunk } from '../../test/contracts/chunks/chunk-bytes.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { systemClock } from '../common/clock.js';
import { KvError } from '../common/errors/kv-error.js';
import { LoopbackConnector } from '../connectors/loopback/loopback.connector.js';
import { adaptPlainConnector } from '../connectors/plain-connector.adapter.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ChaosLayer, type ChaosLayerOptions } from './chaos.layer.js';
import { layeredConnector } from './layered-connector.js';

const STORE = 'test://store';
const KEYS = Array.from({ length: 10 }, (_, i) => ChunkKey.of(`key-${i}`));
const KEY = KEYS[0]!;

const ended = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof KvError ? error.code : error));

describe('ChaosLayer', () => {
  let arena: Arena;
  let bare: RemoteConnector;

  const around = (options: Partial<ChaosLayerOptions>): RemoteConnector =>
    layeredConnector(bare, [new ChaosLayer({ store: STORE, seed: 1, faults: {}, ...options })]);

  const chunk = (key: ChunkKey): ArenaHandle =>
    sealedChunk(arena, new ArenaSpaceService(arena), { key, bytes: chunkBytes(5_000) });

  const bytesOf = (outcome: unknown): unknown => {
    if (typeof outcome !== 'object' || outcome === null) return outcome;
    using handle = outcome as ArenaHandle;
    return Buffer.concat(handle.views);
  };

  beforeEach(async () => {
    arena = createArena({ capacityBytes: 4 * 2 ** 20, native: false });
    const context = { arena, space: new ArenaSpaceService(arena), label: STORE };
    bare = adaptPlainConnector(new LoopbackConnector(new Map(), systemClock), context);
    await bare.connect();
    const chunks = KEYS.map(chunk);
    await bare.putMany(chunks);
    for (const each of chunks) each[Symbol.dispose]();
  });

  afterEach(async () => {
    await bare.close();
    expect(arena.usage().references).toBe(0);
    arena.close();
  });

  it('does nothing without faults', async () => {
    const connector = around({});
    for (let i = 0; i < 100; i++)
      expect(bytesOf(await connector.get(KEYS[i % 10]!))).toEqual(chunkBytes(5_000));
  });

  it('does the same with the same seed, and else something else', async () => {
    const faults = { error: 0.2, corrupt: 0.2, partial: 0.2 };
    const trace = async (seed: number): Promise<string> => {
      const connector = around({ seed, faults });
      const outcomes: unknown[] = [];
      for (let i = 0; i < 200; i++) outcomes.push(bytesOf(await ended(connector.get(KEY))));
      return outcomes.map((outcome) => (Buffer.isBuffer(outcome) ? 'chunk' : String(outcome))).join(' ');
    };
    const first = await trace(5);
    expect(await trace(5)).toBe(first);
    expect(await trace(6)).not.toBe(first);
    for (const outcome of ['chunk', 'corrupt', 'KV_REMOTE_FAILED', 'KV_REMOTE_UNREACHABLE'])
      expect(first).toContain(outcome);
  });

  it('draws a fault about as often as told', async () => {
    const connector = around({ faults: { error: 0.3 } });
    let errors = 0;
    for (let i = 0; i < 2_000; i++) if ((await ended(connector.exists(KEY))) !== true) errors++;
    expect(errors).toBeGreaterThan(500);
    expect(errors).toBeLessThan(700);
  });

  it('error: the call is not made', async () => {
    const connector = around({ faults: { error: 1 } });
    expect(await ended(connector.remove(KEY))).toBe('KV_REMOTE_FAILED');
    expect(await bare.exists(KEY)).toBe(true);
  });

  it('delay: the call is made later', async () => {
    const connector = around({ faults: { delay: 1 }, maxDelayMs: 5 });
    expect(bytesOf(await connector.get(KEY))).toEqual(chunkBytes(5_000));
  });

  it('hang: nothing is heard until the signal aborts', async () => {
    const connector = around({ faults: { hang: 1 } });
    const abort = new AbortController();
    const answer = ended(connector.get(KEY, { signal: abort.signal }));
    expect(await Promise.race([answer, sleep(10, 'silence')])).toBe('silence');
    abort.abort();
    expect(await answer).toBe('KV_REMOTE_ABORTED');
  });

  it('hang: ends when the connector is closed', async () => {
    const connector = around({ faults: { hang: 1 } });
    const answer = ended(connector.get(KEY));
    await connector.close();
    expect(await answer).toBe('KV_REMOTE_ABORTED');
  });

  it('corrupt: a chunk is corrupt where a checksum finds that out', async () => {
    const connector = around({ faults: { corrupt: 1 } });
    expect(await connector.get(KEY)).toBe('corrupt');
    expect(await connector.get(ChunkKey.of('none'))).toBe('miss');
    expect(await connector.getMany([KEY, ChunkKey.of('none'), KEY])).toEqual(['corrupt', 'miss', 'corrupt']);
    expect(await connector.exists(KEY)).toBe(true);
  });

  it('corrupt: one bit is flipped where nobody finds that out', async () => {
    const connector = around({ faults: { corrupt: 1 }, checksum: false });
    const places = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const bytes = bytesOf(await connector.get(KEY)) as Buffer;
      const expected = chunkBytes(5_000);
      const changed = [...bytes.keys()].filter((at) => bytes[at] !== expected[at]);
      expect(changed).toHaveLength(1);
      const [at] = changed;
      places.add(at!);
      expect(Math.log2(bytes[at!]! ^ expected[at!]!) % 1).toBe(0);
    }
    expect(places.size).toBeGreaterThan(10);
  });

  it('partial: a batch is answered in part', async () => {
    const connector = around({ faults: { partial: 1 }, seed: 3 });
    const runs = async (ask: () => Promise<readonly unknown[]>): Promise<Set<string>> => {
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const outcomes = (await ask()).map(bytesOf);
        seen.add(outcomes.map((outcome) => (Buffer.isBuffer(outcome) ? 'chunk' : String(outcome))).join(' '));
      }
      return seen;
    };
    const part = (whole: string, nothing: string): RegExp =>
      new RegExp(`^(${whole} ){0,9}(${nothing} ?){1,10}$`);
    for (const seen of await runs(() => connector.getMany(KEYS))) expect(seen).toMatch(part('chunk', 'miss'));
    for (const seen of await runs(() => connector.existsMany(KEYS)))
      expect(seen).toMatch(part('true', 'false'));
    const chunks = KEYS.map(chunk);
    const puts = await runs(() => connector.putMany(chunks));
    for (const each of chunks) each[Symbol.dispose]();
    expect(puts.size).toBeGreaterThan(3);
    for (const seen of puts) expect(seen).toMatch(part('stored', 'busy'));
  });

  it('partial: a single call is made, and its answer lost', async () => {
    const connector = around({ faults: { partial: 1 } });
    expect(await ended(connector.get(KEY))).toBe('KV_REMOTE_UNREACHABLE');
    expect(await ended(connector.remove(KEY))).toBe('KV_REMOTE_UNREACHABLE');
    expect(await bare.exists(KEY)).toBe(false);
  });

  it('takes other faults at any time', async () => {
    const chaos = new ChaosLayer({ store: STORE, seed: 1, faults: { error: 1 } });
    const connector = layeredConnector(bare, [chaos]);
    expect(await ended(connector.exists(KEY))).toBe('KV_REMOTE_FAILED');
    chaos.faults = {};
    expect(await connector.exists(KEY)).toBe(true);
  });
});
