import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { InfinistoreLoad } from '../support/infinistore/infinistore-load.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const SUPPORT = resolve(import.meta.dirname, '../support');
const [SECONDS, SEED] =
  process.env['KVNEST_SOAK'] === undefined ? [4, 1] : [600, Math.floor(Math.random() * 1e6)];
/** So long that it is on its way when the process is killed. */
const KILLED_BYTES = 20 * MIB;
/** What puts of killed processes leave stays in the pool until the server ends. */
const POOL_GIB = 8;

/** A process that is killed in the midst of a put, by a value that is never whole. */
async function killWriter(server: InfinistoreServer, name: string, afterMs: number): Promise<void> {
  const args = ['--import', join(SUPPORT, 'typescript-hooks.mjs')];
  const writer = spawn(
    process.execPath,
    [
      ...args,
      join(SUPPORT, 'infinistore/infinistore-writer.ts'),
      server.url('layout=sealed'),
      name,
      `${KILLED_BYTES}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const gone = once(writer, 'exit');
  try {
    await Promise.race([once(writer.stdout, 'data'), gone]);
    await new Promise((wait) => setTimeout(wait, afterMs));
  } finally {
    writer.kill('SIGKILL');
    await gone;
  }
}

describeWithPeer(missingInfinistore())('infinistore://, layout sealed, under load', () => {
  it(
    `the server survives time-outs, calls that are taken back, pauses and clients that are killed while they put (seed ${SEED})`,
    async () => {
      await using server = await InfinistoreServer.start({ poolGib: POOL_GIB });
      const random = new SeededRandom(SEED);
      const load = await InfinistoreLoad.start(server.port, SEED);
      const end = Date.now() + 1_000 * SECONDS;
      let kills = 0;
      try {
        while (Date.now() < end && load.wrong.length === 0) {
          await killWriter(server, `killed-${kills++ % 5}`, random.below(12));
          await new Promise((wait) => setTimeout(wait, random.below(1_000)));
          if (!random.chance(0.5)) continue;
          server.suspend();
          await new Promise((wait) => setTimeout(wait, random.below(300)));
          server.resume();
        }
      } finally {
        await load.stop();
      }
      process.stderr.write(`${SECONDS} s, seed ${SEED}: ${JSON.stringify({ ...load.counts, kills })}\n`);
      expect({ wrong: load.wrong.slice(0, 10), log: load.wrong.length > 0 ? server.log : '' }).toEqual({
        wrong: [],
        log: '',
      });
      expect(await server.isAlive()).toBe(true);
      for (const count of ['stored', 'hits', 'misses', 'takenBack', 'others'] as const)
        expect(load.counts[count]).toBeGreaterThan(0);
      const world = await InfinistoreWorld.connect(server.port, { layout: 'sealed' });
      for (let i = 0; i < 5; i++) {
        expect(await world.store(`killed-${i}`, chunkBytes(MIB, i))).toBe('stored');
        expectBytes(await world.fetch(`killed-${i}`), chunkBytes(MIB, i));
      }
      expect(await world.close()).toBe(0);
    },
    1_000 * SECONDS + 120_000,
  );
});
