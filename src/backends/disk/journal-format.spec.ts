import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../common/crc32c.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { decodeHeader, encodeHeader, frame, scanFrames } from './journal-format.js';

const SEED = 12345;
const bodies = Array.from({ length: 1_000 }, (_, i) => Buffer.alloc(1 + ((i * 37) % 200), 1 + (i % 250)));
const log = Buffer.concat(bodies.map((body) => frame(body, SEED, crc32c)));

/** Scans a log in pieces of `pieceBytes`, as a reader of the file does. */
function scan(bytes: Buffer, pieceBytes = bytes.length + 1) {
  const found: Buffer[] = [];
  let tail = 0;
  let gaps = 0;
  for (let position = 0; ;) {
    const piece = bytes.subarray(position, position + pieceBytes);
    const isLast = piece.length < pieceBytes;
    const result = scanFrames(piece, isLast, SEED, crc32c, (body) => found.push(Buffer.from(body)));
    if (result.lastRecordEnd > 0) tail = position + result.lastRecordEnd;
    gaps += result.gaps;
    if (isLast) return { found, tail, gaps };
    position += result.consumed;
  }
}

describe('scanFrames', () => {
  it.each([40_972, 45_001, 1_000_000])('finds every record in pieces of %i bytes', (pieceBytes) => {
    const { found, tail, gaps } = scan(log, pieceBytes);
    expect(found).toEqual(bodies);
    expect(tail).toBe(log.length);
    expect(gaps).toBe(0);
  });

  it('loses only the records that are hit, wherever a bit flips', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < 40; round++) {
      const damaged = Buffer.from(log);
      const at = random.below(damaged.length);
      damaged[at] = damaged[at]! ^ (1 << random.below(8));
      const { found } = scan(damaged, 50_000);
      expect(found.length).toBe(bodies.length - 1);
      for (const [i, body] of found.entries()) {
        expect(bodies.slice(i, i + 2).some((each) => each.equals(body))).toBe(true);
      }
    }
  });

  it('ends at the last whole record, wherever the log is cut', () => {
    let end = 0;
    const ends = bodies.map((body) => (end += 12 + body.length));
    for (let cut = 0; cut <= log.length; cut += 997) {
      const { tail } = scan(log.subarray(0, cut), 50_000);
      expect(tail).toBe(ends.findLast((each) => each <= cut) ?? 0);
    }
  });

  it('takes the room behind the last record for its end', () => {
    expect(scan(Buffer.concat([log, Buffer.alloc(100_000)]), 50_000).tail).toBe(log.length);
  });

  it('counts each damaged place once', () => {
    const damaged = Buffer.concat([log, Buffer.from('rubbish KVR1 and more'), log]);
    expect(scan(damaged).gaps).toBe(1);
    expect(scan(damaged).found).toHaveLength(2 * bodies.length);
  });

  it('takes no record of another store for its own', () => {
    expect(scan(frame(bodies[0]!, SEED + 1, crc32c)).found).toEqual([]);
  });
});

describe('the header', () => {
  const header = { blockBytes: 16_384, seed: 0xfedcba98 };

  it('is read from either of its copies, and from no other page', () => {
    const page = encodeHeader(header, crc32c);
    expect(decodeHeader(page, crc32c)).toEqual(header);
    page[9] = 7;
    expect(decodeHeader(page, crc32c)).toEqual(header);
    page[2048 + 20] = 7;
    expect(decodeHeader(page, crc32c)).toBeUndefined();
    expect(decodeHeader(Buffer.alloc(0), crc32c)).toBeUndefined();
  });
});
