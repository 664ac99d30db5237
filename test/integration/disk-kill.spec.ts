import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { directoryBytes, DiskWorld, versionBytes } from '../support/disk-world.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 2 ** 20;
const ROUNDS = process.env['KVNEST_SOAK'] === '1' ? 100 : 5;
const MAX_RUN_MS = 400;
const TIMEOUT_MS = 30 * 60_000;
const SUPPORT = join(import.meta.dirname, '../support');

/** What may be found under a key: versions, 0 for none. */
type Expectations = Map<string, Set<number>>;

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-kill-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

/** Lets a writer run for a while and kills it. Notes down what it had begun and what it had been promised. */
async function runAndKill(capacityBytes: number, seed: number, expected: Expectations): Promise<void> {
  const hooks = join(SUPPORT, 'typescript-hooks.mjs');
  const args = [
    '--import',
    hooks,
    join(SUPPORT, 'disk-writer.ts'),
    path,
    String(capacityBytes),
    String(seed),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let peakBytes = 0;
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, directoryBytes(path))), 10);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') {
      setTimeout(() => child.kill('SIGKILL'), new SeededRandom(seed).below(MAX_RUN_MS));
      continue;
    }
    const [event, name = '', text, outcome] = line.split(' ');
    const version = outcome === 'stored' ? Number(text) : 0;
    if (event === 'B') expected.set(name, new Set([...(expected.get(name) ?? [0]), Number(text)]));
    else expected.set(name, new Set([version]));
  }
  await exited;
  clearInterval(watch);
  expect(child.signalCode).toBe('SIGKILL');
  expect(peakBytes).toBeGreaterThan(0);
  expect(peakBytes).toBeLessThanOrEqual(capacityBytes);
}

/** Opens what the writer left, and reads everything. @returns the versions found. */
async function readAll(capacityBytes: number): Promise<Map<string, number>> {
  const world = await DiskWorld.open({ path, capacityBytes });
  const found = new Map<string, number>();
  for (const key of await world.scanAll()) {
    const outcome = await world.read(key);
    if (typeof outcome === 'string')
      throw new Error(`${key.toString()} is in the index, and reading it is a ${outcome}`);
    const [version = NaN, lengthBytes = NaN] = outcome.metadata.split(' ').map(Number);
    expect(outcome.bytes.equals(versionBytes(version, lengthBytes))).toBe(true);
    found.set(key.toString(), version);
  }
  expect(world.backend.usage()).toMatchObject({ corruptions: 0, chunks: found.size, healthy: true });
  expect(directoryBytes(path)).toBeLessThanOrEqual(capacityBytes);
  await world.close();
  return found;
}

describe('a disk tier whose process is killed', () => {
  it(
    'has every chunk that was stored, and of the others all or nothing',
    async () => {
      const capacityBytes = 64 * MIB;
      const expected: Expectations = new Map();
      for (let seed = 1; seed <= ROUNDS; seed++) {
        await runAndKill(capacityBytes, seed, expected);
        const found = await readAll(capacityBytes);
        for (const [name, versions] of expected) expect([...versions]).toContain(found.get(name) ?? 0);
        for (const name of expected.keys()) expected.set(name, new Set([found.get(name) ?? 0]));
      }
      expect(await readAll(capacityBytes)).not.toHaveProperty('size', 0);
    },
    TIMEOUT_MS,
  );

  it(
    'keeps to its budget and has only whole chunks when it had to evict all the time',
    async () => {
      const capacityBytes = 2 * MIB;
      const expected: Expectations = new Map();
      for (let seed = 1; seed <= ROUNDS; seed++) {
        await runAndKill(capacityBytes, 1_000 + seed, expected);
        const found = await readAll(capacityBytes);
        for (const [name, version] of found) expect([...(expected.get(name) ?? [])]).toContain(version);
        expected.clear();
        for (const [name, version] of found) expected.set(name, new Set([version]));
      }
    },
    TIMEOUT_MS,
  );

  it('is found by its key again', async () => {
    const capacityBytes = 8 * MIB;
    await runAndKill(capacityBytes, 77, new Map());
    const world = await DiskWorld.open({ path, capacityBytes });
    for (const key of await world.scanAll()) {
      expect(await world.backend.contains(ChunkKey.of(key.toString()))).toBe(true);
    }
    await world.close();
  });
});
