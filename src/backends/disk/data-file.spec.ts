import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { loadNative } from '../../arena/native/load-native.js';
import { type NativeRegion } from '../../arena/native/native.types.js';
import { crc32c } from '../../common/crc32c.js';
import { DataFile } from './data-file.js';
import { IoQueue } from './io-queue.js';
import { createReadPiece, type ReadPiece, readPlainly } from './read-piece.js';

const BLOCK_BYTES = 2 ** 20;
const LENGTH_BYTES = 5 * BLOCK_BYTES - 777;
const REFUSED_MEMORY = 'the file system refuses this memory';
const RUNS = [
  { page: 7, pages: 2 },
  { page: 0, pages: 3 },
];

let folder: string;
let file: DataFile | undefined;
let told: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-data-file-'));
  told = [];
});

afterEach(async () => {
  await file?.close();
  await rm(folder, { recursive: true });
});

async function open(readPiece: ReadPiece, direct: boolean): Promise<DataFile> {
  await file?.close();
  file = await DataFile.open({
    path: join(folder, 'data'),
    blockBytes: BLOCK_BYTES,
    blocks: 10,
    queue: new IoQueue(2, 2),
    readPiece,
    direct,
    onBuffered: (reason) => told.push(reason),
  });
  return file;
}

/** As the arena has it for a chunk; without the addon the system may refuse it for direct I/O. */
function room(): Buffer {
  const { addon } = loadNative();
  const bytes = 5 * BLOCK_BYTES;
  const { buffer } =
    addon === undefined
      ? { buffer: new ArrayBuffer(bytes) }
      : (new addon.Region(-1, '', bytes, 0) as NativeRegion);
  return Buffer.from(buffer, 0, LENGTH_BYTES);
}

/** A file system that refuses the memory of direct I/O cannot be had everywhere: the refusal is a fake. */
it.each([
  ['on threads', createReadPiece(2)],
  ['plainly', readPlainly],
])('reads through the page cache what is refused past it, from then on: %s', async (_, read) => {
  const bytes = room();
  bytes.set(new SeededRandom(5).bytes(LENGTH_BYTES));
  const written = await open(read, false);
  await written.write({ views: [bytes], lengthBytes: LENGTH_BYTES, runs: RUNS });
  const fds = new Set<number>();
  let direct: number | undefined;
  const opened = await open(async (fd, piece, checkedBytes) => {
    fds.add(fd);
    direct ??= fd;
    if (fd === direct) throw Object.assign(new Error('refused'), { code: 'EINVAL' });
    return read(fd, piece, checkedBytes);
  }, true);
  // Where there is no direct I/O at all, no memory can be refused.
  if (told.length > 0) return;
  const targets = [room(), room(), room()];
  const reads = targets.map((target) =>
    opened.read({ views: [target], lengthBytes: LENGTH_BYTES, runs: RUNS }),
  );
  expect(await Promise.all(reads)).toEqual(targets.map(() => crc32c(bytes)));
  expect(targets.every((target) => target.equals(bytes))).toBe(true);
  expect(fds.size).toBe(2);
  expect(told).toEqual([REFUSED_MEMORY]);
  fds.clear();
  await opened.read({ views: [room()], lengthBytes: LENGTH_BYTES, runs: RUNS });
  expect(fds.has(direct!)).toBe(false);
});

it.each([
  ['on threads', createReadPiece(2)],
  ['plainly', readPlainly],
])('reads a chunk in several runs, and notices a file that was cut: %s', async (_, read) => {
  const opened = await open(read, true);
  const bytes = room();
  bytes.set(new SeededRandom(6).bytes(LENGTH_BYTES));
  await opened.write({ views: [bytes], lengthBytes: LENGTH_BYTES, runs: RUNS });
  const target = room();
  const transfer = { views: [target], lengthBytes: LENGTH_BYTES, runs: RUNS };
  expect(await opened.read(transfer)).toBe(crc32c(bytes));
  if (loadNative().addon !== undefined) expect(told).not.toContain(REFUSED_MEMORY);
  expect(target.equals(bytes)).toBe(true);
  await opened.reset();
  await expect(opened.read(transfer)).rejects.toThrow('too short');
});
