import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '../../common/crc32c.js';
import { ManualClock } from '../../../test/support/clock.js';
import { encodeHeader, frame } from './journal-format.js';
import { readJournal, readJournalHeader } from './journal-reader.js';
import { Journal, type LiveRecords } from './journal.js';
import { LogFile } from './log-file.js';

const KIB = 1024;
const BUDGET = 64 * KIB;
const HEADER = { blockBytes: 4096, seed: 99 };

/** Live records that are numbers, and those of them that a copy gets. */
class FakeRecords implements LiveRecords {
  readonly bodies = new Map<number, Buffer>();
  sequence = 0;

  get liveBytes(): number {
    return this.bodies.size * FakeRecords.framedBytes;
  }

  static readonly bodyBytes = 100;
  static readonly framedBytes = FakeRecords.bodyBytes + 12;

  static body(number: number): Buffer {
    const body = Buffer.alloc(FakeRecords.bodyBytes, 'x');
    body.writeUInt32LE(number);
    return body;
  }

  collect(cursor: number, sequence: number): { frames: Buffer; cursor: number } {
    const numbers = [...this.bodies.keys()]
      .filter((number) => number > cursor && number <= sequence)
      .sort((a, b) => a - b);
    const page = numbers.slice(0, 10);
    const frames = page.map((number) => frame(this.bodies.get(number)!, HEADER.seed, crc32c));
    return { frames: Buffer.concat(frames), cursor: numbers.length > page.length ? page.at(-1)! : 0 };
  }
}

let directory: string;
let path: string;
let copyPath: string;
let clock: ManualClock;
let live: FakeRecords;
let journal: Journal;
let copyErrors: unknown[];
let peakBytes: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kvnest-journal-'));
  path = join(directory, 'index.log');
  copyPath = join(directory, 'index.log.new');
  clock = new ManualClock();
  live = new FakeRecords();
  copyErrors = [];
  peakBytes = 0;
  journal = new Journal(await LogFile.create(path, encodeHeader(HEADER, crc32c), 4096), {
    path,
    copyPath,
    header: HEADER,
    budgetBytes: BUDGET,
    live,
    crc32c,
    clock,
    onCopyFailed: (error) => copyErrors.push(error),
  });
});

afterEach(async () => {
  await journal.close();
  await rm(directory, { recursive: true });
});

function bytesNow(): number {
  return readdirSync(directory)
    .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

/** Appends a record that replaces the one `keep` numbers ago. @returns whether it was written. */
function append(number: number, keep: number): Promise<boolean> {
  return new Promise((resolve) => {
    const body = FakeRecords.body(number);
    live.sequence = number;
    journal.append(body, (error) => {
      if (error === undefined) {
        live.bodies.set(number, body);
        live.bodies.delete(number - keep);
      }
      peakBytes = Math.max(peakBytes, bytesNow());
      resolve(error === undefined);
    });
  });
}

async function numbersOnDisk(): Promise<Set<number>> {
  const header = await readJournalHeader(path, crc32c);
  const numbers = new Set<number>();
  await readJournal(path, header!, crc32c, (body) => numbers.add(body.readUInt32LE()));
  return numbers;
}

describe('Journal', () => {
  it('keeps what is live, and keeps to its budget, however much is appended at once', async () => {
    const appends = Array.from({ length: 3_000 }, (_, i) => append(i + 1, 150));
    expect(await Promise.all(appends)).not.toContain(false);
    await journal.settled();
    expect(peakBytes).toBeLessThanOrEqual(BUDGET);
    expect(peakBytes).toBeGreaterThan(BUDGET / 2);
    const numbers = await numbersOnDisk();
    for (const number of live.bodies.keys()) expect(numbers).toContain(number);
    expect(numbers.size).toBeLessThan(600);
    expect(copyErrors).toEqual([]);
  });

  it('loses nothing that is appended while a copy is being written', async () => {
    for (let i = 1; i <= 900; i += 3) {
      await Promise.all([append(i, 100), append(i + 1, 100), append(i + 2, 100)]);
      if (i % 5 > 0) continue;
      const numbers = await numbersOnDisk();
      for (const number of live.bodies.keys()) expect(numbers).toContain(number);
    }
  });

  it('settles in the order of the appends', async () => {
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((i) => append(i, 100).then(() => order.push(i))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('goes on without a copy that fails, up to its budget, and catches up later', async () => {
    mkdirSync(copyPath);
    const written: boolean[] = [];
    for (let i = 1; i <= 700; i++) written.push(await append(i, 10));
    expect(written.indexOf(false)).toBeGreaterThan(400);
    expect(written.at(-1)).toBe(false);
    expect(copyErrors.length).toBeGreaterThan(0);
    expect(statSync(path).size).toBeLessThanOrEqual(BUDGET);

    await rm(copyPath, { recursive: true });
    clock.advance(10_000);
    expect(await append(1_000, 10)).toBe(true);
    await journal.settled();
    expect(await numbersOnDisk()).toContain(1_000);
    expect(statSync(path).size).toBeLessThan(16 * KIB);
  });

  it('takes nothing for written when its file was deleted', async () => {
    await append(1, 10);
    await rm(path);
    expect(journal.isThere).toBe(false);
    expect(await append(2, 10)).toBe(false);
  });
});
