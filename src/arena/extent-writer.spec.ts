import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../common/crc32c.js';
import { ExtentWriter } from './extent-writer.js';

const views = (...lengths: number[]): Buffer[] => lengths.map((length) => Buffer.alloc(length));

describe('ExtentWriter', () => {
  it('fills the views in order, however the bytes arrive', () => {
    const part = fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), copy: fc.boolean() });
    const lengths = fc.array(fc.nat(3000), { maxLength: 5 });
    fc.assert(
      fc.property(lengths, fc.array(part), (extents, parts) => {
        const room = views(...extents);
        const total = extents.reduce((sum, length) => sum + length, 0);
        const source = Buffer.from(Array.from({ length: total }, (_, i) => (i * 7 + (i >> 8)) & 255));
        const writer = new ExtentWriter(room, crc32c);
        let at = 0;
        for (const { bytes, copy } of [...parts, { bytes: total + 1, copy: true }]) {
          if (copy) at += writer.write(source.subarray(at, at + bytes));
          else {
            const target = writer.target(bytes);
            expect(target.length > 0).toBe(!writer.done);
            source.copy(target, 0, at, at + target.length);
            writer.advance(target.length);
            at += target.length;
          }
          expect(writer.remainingBytes).toBe(total - at);
          expect(writer.checksum).toBe(crc32c(source.subarray(0, at)));
        }
        expect(writer.done).toBe(true);
        expect(Buffer.concat(room).equals(source)).toBe(true);
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it('asks for the checksum of much data at a time, and of all of it', () => {
    const pieces: number[] = [];
    const writer = new ExtentWriter(views(300_000), (bytes, previous) => {
      pieces.push(bytes.length);
      return crc32c(bytes, previous);
    });
    for (let i = 0; i < 300; i++) writer.advance(writer.target(1000).length);
    expect(pieces.length).toBeLessThan(5);
    expect(writer.checksum).toBe(crc32c(Buffer.alloc(300_000)));
    expect(pieces.reduce((sum, bytes) => sum + bytes, 0)).toBe(300_000);
  });

  it('takes no more than there is room for', () => {
    const writer = new ExtentWriter(views(3, 4), crc32c);
    expect(writer.target(100)).toHaveLength(3);
    expect(() => writer.advance(4)).toThrow(expect.objectContaining({ code: 'KV_ARENA_OVERRUN' }));
    expect(writer.write(Buffer.from('123456789'))).toBe(7);
    expect(writer.write(Buffer.from('8'))).toBe(0);
    expect([writer.done, writer.target(1).length]).toEqual([true, 0]);
    expect(() => writer.advance(1)).toThrow(expect.objectContaining({ code: 'KV_ARENA_OVERRUN' }));
  });

  it('is done at once when there is nothing to write', () => {
    expect(new ExtentWriter([], crc32c)).toMatchObject({ done: true, lengthBytes: 0, checksum: 0 });
  });
});
