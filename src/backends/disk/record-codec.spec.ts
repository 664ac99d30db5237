import { describe, expect, it } from '@jest/globals';
import {
  decodeExpire,
  decodeRemove,
  decodeUses,
  encodeExpire,
  encodePut,
  encodeRemove,
  encodeUses,
  isPutRecord,
  putRecordBytes,
  PutRecordView,
} from './record-codec.js';

const record = {
  sequence: 2 ** 40 + 5,
  lastUse: 2 ** 40 + 9,
  namespace: 3,
  key: Buffer.from('model@1@0@abcd'),
  metadata: Buffer.from('shape'),
  lengthBytes: 2 ** 33 + 1,
  checksum: 0xfffffff0,
  expiresAtMs: 1_800_000_000_123,
  depth: -1,
  form: { encoded: false, loss: 'none' as const },
  runs: [
    { page: 7, pages: 2 },
    { page: 2 ** 31, pages: 9 },
  ],
};

function encoded(): Buffer {
  const body = Buffer.alloc(
    putRecordBytes(record.key.length, record.metadata.length, record.runs.length),
    0xff,
  );
  encodePut(body, record);
  return body;
}

describe('a put record', () => {
  it('gives back every field, wherever it lies', () => {
    const body = encoded();
    const view = new PutRecordView().over(Buffer.concat([Buffer.alloc(5), body, Buffer.alloc(9)]), 5);
    for (const field of Object.keys(record) as (keyof typeof record)[])
      expect(view[field]).toEqual(record[field]);
    expect(view).toMatchObject({ firstBlock: 7, blocks: 11, bytes: body.length, hasMetadata: true });
    expect(view.body.equals(body)).toBe(true);
    expect(view.hasKey(record.key, 3)).toBe(true);
    expect(view.hasKey(record.key, 0)).toBe(false);
    expect(view.hasKey(Buffer.from('model@1@0@abce'), 3)).toBe(false);
    expect(view.hasKey(Buffer.from('model'), 3)).toBe(false);
  });

  it('says what the bytes are, and is of no type that was known before where they are not what was put', () => {
    const body = encoded();
    expect(body[0]).toBe(1);
    for (const form of [
      { encoded: true, loss: 'none' },
      { encoded: true, loss: 'fp8' },
      { encoded: false, loss: 'int8' },
    ] as const) {
      encodePut(body, { ...record, form });
      expect(body[0]).toBeGreaterThan(4);
      expect(isPutRecord(body)).toBe(true);
      expect(new PutRecordView().over(body)).toMatchObject({ form, usedSinceWritten: false });
    }
    for (const type of [0x80, 0x83, 0x9f, 0xa0, 0xff]) {
      body[0] = type;
      expect(isPutRecord(body)).toBe(false);
    }
  });

  it('remembers in memory that it was used, until it is written again', () => {
    const body = encoded();
    const view = new PutRecordView().over(body);
    expect(view.usedSinceWritten).toBe(false);
    view.lastUse = 2 ** 41;
    expect(view).toMatchObject({ usedSinceWritten: true, lastUse: 2 ** 41, sequence: record.sequence });
    view.clearUsed();
    expect(view.usedSinceWritten).toBe(false);
  });

  it('is one only when all its lengths add up', () => {
    const body = encoded();
    expect(isPutRecord(body)).toBe(true);
    expect(isPutRecord(body.subarray(0, -1))).toBe(false);
    expect(isPutRecord(Buffer.concat([body, Buffer.alloc(1)]))).toBe(false);
    expect(isPutRecord(encodeRemove({ firstBlock: 1, sequence: 1 }))).toBe(false);
    body.writeUInt16LE(0, 42);
    expect(isPutRecord(body)).toBe(false);
  });
});

describe('the other records', () => {
  it('give back what was written', () => {
    const removal = { firstBlock: 2 ** 32 - 1, sequence: 2 ** 50 };
    expect(decodeRemove(encodeRemove(removal))).toEqual(removal);
    const expiry = { ...removal, expiresAtMs: 1_800_000_000_123 };
    expect(decodeExpire(encodeExpire(expiry))).toEqual(expiry);
    const uses = [
      { firstBlock: 4, lastUse: 2 ** 45 },
      { firstBlock: 2 ** 31, lastUse: 1 },
    ];
    expect(decodeUses(encodeUses(uses))).toEqual(uses);
  });

  it('are none when they are too short or too long', () => {
    const short = Buffer.alloc(3);
    expect(decodeRemove(short)).toBeUndefined();
    expect(decodeExpire(short)).toBeUndefined();
    expect(decodeUses(short)).toEqual([]);
    expect(decodeUses(Buffer.concat([encodeUses([]), short]))).toEqual([]);
  });
});
