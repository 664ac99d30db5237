import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { loadNative } from '../../arena/native/load-native.js';
import { crc32c } from '../../common/crc32c.js';
import { createReadPiece, readPlainly, readsAhead, ShortReadError } from './read-piece.js';

const BYTES = Buffer.from(new SeededRandom(3).bytes(50_000));
let folder: string;
let fd: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnest-read-piece-'));
  writeFileSync(join(folder, 'file'), BYTES);
  fd = openSync(join(folder, 'file'), 'r');
});

afterAll(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

const ways = { plainly: readPlainly, ...(loadNative().addon && { 'on threads': createReadPiece(2) }) };

describe.each(Object.entries(ways))('a piece that is read %s', (_, read) => {
  const piece = (position: number, ...lengths: number[]) => {
    const buffers = lengths.map((length) => Buffer.alloc(length));
    return { position, offset: 0, buffers, bytes: lengths.reduce((sum, length) => sum + length, 0) };
  };

  it('fills its memory in order and answers the checksum of what is to be checked', async () => {
    const pieces = [piece(0, 4096), piece(11, 1, 0, 3000, 20_000, 7), piece(49_999, 1)];
    await Promise.all(
      pieces.map(async (each) => {
        const content = BYTES.subarray(each.position, each.position + each.bytes);
        const checkedBytes = Math.ceil(each.bytes / 2);
        expect(await read(fd, each, checkedBytes)).toBe(crc32c(content.subarray(0, checkedBytes)));
        expect(Buffer.concat(each.buffers).equals(content)).toBe(true);
      }),
    );
  });

  it('takes any number of buffers', async () => {
    const many = piece(5, ...new Array<number>(3_000).fill(3));
    expect(await read(fd, many, many.bytes)).toBe(crc32c(BYTES.subarray(5, 9_005)));
    expect(Buffer.concat(many.buffers).equals(BYTES.subarray(5, 9_005))).toBe(true);
  });

  it('says when the file is too short, and what the system answers', async () => {
    await expect(read(fd, piece(49_990, 5, 6), 11)).rejects.toThrow(ShortReadError);
    await expect(read(fd, piece(49_152, 4096), 4096)).rejects.toThrow(ShortReadError);
    await expect(read(1_000_000, piece(0, 10), 10)).rejects.toMatchObject({ code: 'EBADF' });
  });
});

it('reads are handed on ahead to threads of their own only, never to those of the process', () => {
  expect(readsAhead(3)).toBe(loadNative().addon === undefined ? 0 : 3);
});
