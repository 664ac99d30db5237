import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { type PrefixChunk, type RetrievedChunk } from '../../src/modules/engine/cache-engine.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const CHUNK_BYTES = 100 * KIB;
const CHUNKS = 20;
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('retrieve where memory is short', () => {
  let test: TestEngine;
  let disk: ScriptedBackend;
  let chunks: readonly PrefixChunk[];
  const request = { model: 'm', tokens: Uint32Array.from({ length: CHUNKS * 256 }, (_, i) => i) };

  async function start(leaseMs: number): Promise<void> {
    test = await createTestEngine({
      arenaBytes: 2 * 1024 * KIB,
      tiers: (parts) => [(disk = new ScriptedBackend('disk', parts, { shared: false }))],
      config: { leaseMs },
    });
    chunks = test.engine.chunks(request);
    for (const { key, index } of chunks) {
      await put(test, key, Buffer.alloc(CHUNK_BYTES, index), { ack: 'all' });
      await test.stack.tiers[0]?.backend.remove(key);
    }
  }

  let held: ArenaHandle[];
  beforeEach(() => {
    held = [];
  });
  afterEach(async () => {
    held.splice(0).forEach((handle) => handle[Symbol.dispose]());
    await test.engine.settled();
    await expectEventually(() => test.arena.usage().references === 0);
    await test.close();
  });

  /** Leaves no room in memory. */
  function fill(): void {
    for (;;) {
      const handle = test.stack.space.reserve({ key: ChunkKey.of('other'), lengthBytes: CHUNK_BYTES });
      if (typeof handle === 'string') return;
      held.push(handle);
    }
  }

  /** How many chunks came; each is held for some turns. */
  function retrieve(random: SeededRandom): Promise<number> {
    let count = 0;
    const receive = async ({ index, handle }: RetrievedChunk): Promise<void> => {
      expect(index).toBe(count++);
      for (let turns = random.below(4); turns > 0; turns--) await nextTurn();
      expect(Buffer.concat(handle.views).equals(Buffer.alloc(CHUNK_BYTES, index))).toBe(true);
      handle[Symbol.dispose]();
    };
    return new Promise((resolve, reject) => {
      test.engine.retrieve(request).subscribe({
        next: (chunk) => void receive(chunk).catch(reject),
        complete: () => resolve(count),
        error: reject,
      });
    });
  }

  it('gives all chunks to all that ask at a time', async () => {
    await start(60_000);
    fill();
    held.splice(0, 4).forEach((handle) => handle[Symbol.dispose]());
    const random = new SeededRandom(4);
    const counts = await Promise.all(Array.from({ length: 8 }, () => retrieve(random)));
    expect(counts).toEqual(Array(8).fill(CHUNKS));
    expect(test.engine.counters).toMatchObject({ misses: 0, busyReads: 0 });
  });

  it('waits for what others hold', async () => {
    await start(60_000);
    fill();
    const count = retrieve(new SeededRandom(1));
    await expectEventually(() => disk.calls.filter((call) => call.startsWith('get')).length > 10);
    held.splice(0).forEach((handle) => handle[Symbol.dispose]());
    expect(await count).toBe(CHUNKS);
  });

  it('asks a tier that answers later for all chunks in one question', async () => {
    await start(60_000);
    disk.calls.splice(0);
    expect(await retrieve(new SeededRandom(1))).toBe(CHUNKS);
    const questions = disk.calls.flatMap((call) => /^contains\w*/.exec(call) ?? []);
    expect(questions).toEqual(['contains', 'containsPrefix']);
  });

  it('ends when it has waited for the time of a lease', async () => {
    await start(30);
    fill();
    expect(await retrieve(new SeededRandom(1))).toBe(0);
    expect(test.engine.counters).toMatchObject({ gets: 1, misses: 0, busyReads: 1 });
  });
});
