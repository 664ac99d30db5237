import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type PrefixChunk, type RetrievedChunk } from '../../src/modules/engine/cache-engine.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const CHUNK_BYTES = 50 * KIB;
const CHUNKS = 40;
const SEEDS = process.env['KVNEST_SOAK'] ? 60 : 5;
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('many readers and writers in little memory', () => {
  let test: TestEngine;
  let near: ScriptedBackend;
  let far: ScriptedBackend;

  beforeEach(async () => {
    test = await createTestEngine({
      arenaBytes: 2 * 1024 * KIB,
      tiers: (parts) => [
        (near = new ScriptedBackend('near', parts, { shared: false })),
        (far = new ScriptedBackend('far', parts)),
      ],
      config: { leaseMs: 60_000, maxReadAheadBytes: 512 * KIB, admissionTimeoutMs: 60_000 },
    });
  });
  afterEach(async () => {
    for (const tier of [near, far]) tier.release();
    await test.engine.settled();
    await expectEventually(() => test.arena.usage().references === 0);
    await test.close();
  });

  const tokensOf = (prompt: number): Uint32Array =>
    Uint32Array.from({ length: CHUNKS * 256 }, (_, i) => prompt * 1_000_000 + i);
  const request = (prompt: number): { model: string; tokens: Uint32Array } => ({
    model: 'm',
    tokens: tokensOf(prompt),
  });

  /** Each chunk in one of the two slow tiers. */
  async function fill(prompts: number, random: SeededRandom): Promise<void> {
    for (let prompt = 0; prompt < prompts; prompt++) {
      for (const { key, index } of test.engine.chunks(request(prompt))) {
        await put(test, key, Buffer.alloc(CHUNK_BYTES, prompt + index), { ack: 'all' });
        await test.stack.tiers[0]!.backend.remove(key);
        (random.below(2) === 0 ? near : far).copies.delete(key.id);
      }
    }
    for (const tier of [near, far]) tier.calls.splice(0);
  }

  /** @returns how many chunks came, in order and whole. */
  function retrieve(prompt: number, random: SeededRandom): Promise<number> {
    let count = 0;
    const receive = async ({ index, handle }: RetrievedChunk): Promise<void> => {
      expect(index).toBe(count++);
      for (let turns = random.below(4); turns > 0; turns--) await nextTurn();
      expect(Buffer.concat(handle.views).equals(Buffer.alloc(CHUNK_BYTES, prompt + index))).toBe(true);
      handle[Symbol.dispose]();
    };
    return new Promise((resolve, reject) => {
      test.engine.retrieve(request(prompt)).subscribe({
        next: (chunk) => void receive(chunk).catch(reject),
        complete: () => resolve(count),
        error: reject,
      });
    });
  }

  const loadsOf = (chunks: readonly PrefixChunk[]): number => {
    const names = new Set(chunks.map(({ key }) => `get ${key.toString()}`));
    return [near, far].flatMap(({ calls }) => calls).filter((call) => names.has(call)).length;
  };

  it('go on, for as long as the writers write: no chunk is loaded for ever', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SeededRandom(seed);
      await fill(4, random);
      let isOver = false;
      const pace = async (): Promise<void> => {
        for (; !isOver; await nextTurn()) {
          // The slow tier of a moment, for some turns.
          const tier = random.pick([near, far]);
          tier.hold();
          for (let turns = random.below(12); turns > 0; turns--) await nextTurn();
          tier.release();
        }
      };
      const write = async (writer: number): Promise<void> => {
        for (let i = 0; !isOver; i = (i + 1) % 8) {
          await put(test, ChunkKey.of(`w${writer}-${i}`), Buffer.alloc(CHUNK_BYTES));
          for (let turns = random.below(3); turns >= 0; turns--) await nextTurn();
        }
      };
      const working = [pace(), write(0), write(1), write(2)];
      // Two read the same.
      const counts = await Promise.all([0, 0, 1, 2, 3].map((prompt) => retrieve(prompt, random)));
      isOver = true;
      await Promise.all(working);
      expect([seed, ...counts]).toEqual([seed, ...Array<number>(5).fill(CHUNKS)]);
      const loads = [0, 1, 2, 3].map((prompt) => loadsOf(test.engine.chunks(request(prompt))));
      // Once more for each reader where it gave room up, and where it found none.
      expect(Math.max(...loads)).toBeLessThanOrEqual(3 * CHUNKS);
      await test.engine.clear();
    }
    expect(test.engine.counters).toMatchObject({ busyReads: 0, misses: 0, hits: SEEDS * 5 * CHUNKS });
  });
});
