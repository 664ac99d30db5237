import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeFrame,
  encodeJsonFrame,
  FRAME_PREFIX_BYTES,
  FRAME_TYPES,
  type FrameFields,
  MAX_HEADER_BYTES,
  readFramePrefix,
  writeFramePrefix,
} from './frame.js';

const REFUSED = expect.objectContaining({ name: 'KvError', code: 'KV_TCP_FRAME', kind: 'input' });
const ANY_FIELDS: fc.Arbitrary<FrameFields> = fc.record({
  type: fc.constantFrom(...Object.values(FRAME_TYPES)),
  pattern: fc.nat(255),
  flags: fc.nat(1),
  requestId: fc.nat(2 ** 32 - 1),
  timeoutMs: fc.nat(2 ** 32 - 1),
  bodyBytes: fc.maxSafeNat(),
});

/** A prefix whose body has the length that these eight bytes say. */
function withBody(low: number, high: number): Buffer {
  const prefix = encodeFrame({ type: FRAME_TYPES.REQUEST, requestId: 1 });
  prefix.writeUInt32LE(low, 16);
  prefix.writeUInt32LE(high, 20);
  return prefix;
}

describe('the prefix of a frame', () => {
  it('comes back as it was written, wherever it lies', () => {
    fc.assert(
      fc.property(ANY_FIELDS, fc.nat(MAX_HEADER_BYTES), fc.nat(40), (fields, headerBytes, offset) => {
        const bytes = Buffer.alloc(offset + FRAME_PREFIX_BYTES + 3, 0xff);
        writeFramePrefix(bytes.subarray(offset), fields, headerBytes);
        expect(readFramePrefix(bytes, offset)).toEqual({ ...fields, headerBytes });
        expect(bytes.subarray(offset + FRAME_PREFIX_BYTES).toString('hex')).toBe('ffffff');
      }),
    );
  });

  it('stands before the header, whose length it says in bytes', () => {
    const fields: FrameFields = { type: FRAME_TYPES.ERROR, requestId: 7 };
    const json = encodeJsonFrame(fields, { message: 'übel' });
    expect(json.equals(encodeFrame(fields, Buffer.from('{"message":"übel"}')))).toBe(true);
    expect(readFramePrefix(json).headerBytes).toBe(json.length - FRAME_PREFIX_BYTES);
  });

  it('is 0 where nothing is said', () => {
    expect(encodeFrame({ type: FRAME_TYPES.PING }).toString('hex')).toBe('06'.padEnd(48, '0'));
  });

  it.each([0, 9, 10, 71, 255])('is none with type %d', (type) => {
    const prefix = encodeFrame({ type: FRAME_TYPES.PING });
    prefix[0] = type;
    expect(() => readFramePrefix(prefix)).toThrow(REFUSED);
  });

  it.each([2, 3, 0x100, 0x8000, 0xffff])('is none with flags %d', (flags) => {
    expect(() => readFramePrefix(encodeFrame({ type: FRAME_TYPES.REPLY, flags }))).toThrow(REFUSED);
  });

  it.each([MAX_HEADER_BYTES + 1, 2 ** 31, 2 ** 32 - 1])(
    'is none with a header of %d bytes',
    (headerBytes) => {
      const prefix = Buffer.alloc(FRAME_PREFIX_BYTES);
      writeFramePrefix(prefix, { type: FRAME_TYPES.REQUEST }, headerBytes);
      expect(() => readFramePrefix(prefix)).toThrow(REFUSED);
    },
  );

  it('may announce a body of 2^53 - 1 bytes', () => {
    expect(readFramePrefix(withBody(0xffffffff, 0x1fffff)).bodyBytes).toBe(Number.MAX_SAFE_INTEGER);
    expect(readFramePrefix(withBody(0xfffffffe, 0x1fffff)).bodyBytes).toBe(Number.MAX_SAFE_INTEGER - 1);
    expect(readFramePrefix(withBody(0, 1)).bodyBytes).toBe(2 ** 32);
  });

  it.each([
    ['2^53', 0, 0x200000],
    ['2^53 + 1', 1, 0x200000],
    ['2^53 + 2', 2, 0x200000],
    ['2^63', 0, 0x80000000],
    ['2^64 - 1', 0xffffffff, 0xffffffff],
  ])('is none with a body of %s bytes', (_, low, high) => {
    expect(() => readFramePrefix(withBody(low, high))).toThrow(REFUSED);
  });

  it('is either read or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (bytes) => {
        try {
          const { bodyBytes, headerBytes } = readFramePrefix(Buffer.from(bytes));
          return Number.isSafeInteger(bodyBytes) && headerBytes <= MAX_HEADER_BYTES;
        } catch (error) {
          expect(error).toEqual(REFUSED);
          return true;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
