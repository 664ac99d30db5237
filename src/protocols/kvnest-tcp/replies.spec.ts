import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodePutAnswers,
  getAnswerBytes,
  MISS_ANSWER,
  PUT_OUTCOMES,
  readGetAnswer,
  readPutAnswers,
  writeGetAnswer,
} from './replies.js';

const REFUSED = expect.objectContaining({ name: 'KvError', code: 'KV_TCP_FRAME' });
const U32 = fc.nat(2 ** 32 - 1);

describe('the answer to a put', () => {
  it('comes back as it was written', () => {
    const answer = fc.record({ outcome: fc.constantFrom(...PUT_OUTCOMES), tiers: U32, checksum: U32 });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 20 }), (answers) => {
        expect(readPutAnswers(encodePutAnswers(answers))).toEqual(answers);
      }),
    );
  });

  it('is refused where it is cut off', () => {
    const header = encodePutAnswers([{ outcome: 'stored', tiers: 3, checksum: 7 }]);
    for (let length = 1; length < header.length; length++)
      expect(() => readPutAnswers(header.subarray(0, length))).toThrow(REFUSED);
  });

  it.each([8, 255])('is refused with outcome %d', (outcome) => {
    expect(() => readPutAnswers(Buffer.alloc(12, outcome))).toThrow(REFUSED);
  });
});

describe('the answer to a get', () => {
  it('comes back as it was written, wherever it lies', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1024 }), U32, fc.nat(30), (metadata, checksum, offset) => {
        const bytes = Buffer.alloc(offset + getAnswerBytes(metadata) + 1, 0xff);
        writeGetAnswer(bytes, offset, { checksum, metadata });
        const answer = readGetAnswer(bytes.subarray(offset, -1));
        expect(answer).toEqual({ found: true, checksum, metadata: Buffer.from(metadata) });
        expect(bytes.at(-1)).toBe(0xff);
      }),
    );
  });

  it('comes back with its attributes where they were asked for', () => {
    const attributes = fc.record({
      expiresAtMs: fc.maxSafeNat(),
      depth: fc.integer({ min: -1, max: 2 ** 31 - 2 }),
    });
    fc.assert(
      fc.property(attributes, U32, fc.uint8Array({ maxLength: 30 }), (told, checksum, bytes) => {
        const metadata = Buffer.from(bytes);
        const header = Buffer.alloc(getAnswerBytes(metadata, told));
        writeGetAnswer(header, 0, { checksum, metadata, attributes: told });
        expect(readGetAnswer(header, true)).toEqual({ found: true, checksum, metadata, attributes: told });
        expect(() => readGetAnswer(header)).toThrow(REFUSED);
      }),
    );
    expect(readGetAnswer(MISS_ANSWER, true)).toEqual(readGetAnswer(MISS_ANSWER));
  });

  it.each([
    ['a time of 2^53', 12, 0x200000],
    ['the place 2^31', 16, 0x80000000],
  ])('is refused with %s', (_, at, value) => {
    const attributes = { expiresAtMs: 0, depth: 0 };
    const header = Buffer.alloc(getAnswerBytes(Buffer.alloc(0), attributes));
    writeGetAnswer(header, 0, { checksum: 1, metadata: Buffer.alloc(0), attributes });
    header.writeUInt32LE(value, at);
    expect(() => readGetAnswer(header, true)).toThrow(REFUSED);
  });

  it('says that nothing is there', () => {
    expect(readGetAnswer(MISS_ANSWER)).toEqual({ found: false, checksum: 0, metadata: Buffer.alloc(0) });
  });

  it('is refused where it is cut off, goes on, or is neither yes nor no', () => {
    const header = Buffer.alloc(getAnswerBytes(Buffer.alloc(3)));
    writeGetAnswer(header, 0, { checksum: 1, metadata: Buffer.alloc(3) });
    for (let length = 0; length < header.length; length++)
      expect(() => readGetAnswer(header.subarray(0, length))).toThrow(REFUSED);
    expect(() => readGetAnswer(Buffer.concat([header, Buffer.alloc(1)]))).toThrow(REFUSED);
    header[0] = 2;
    expect(() => readGetAnswer(header)).toThrow(REFUSED);
  });
});
