import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_KEYS } from './key-list.js';
import { encodePutList, type PutEntry, type PutList, readPutList } from './put-list.js';

const REFUSED = expect.objectContaining({ name: 'KvError', code: 'KV_TCP_FRAME' });
const ANY_BYTES = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const ANY_PUT: fc.Arbitrary<PutList> = fc.record({
  namespace: fc.nat(2 ** 32 - 1),
  ack: fc.constantFrom('memory', 'all'),
  onlyIfAbsent: fc.boolean(),
  entries: fc.array(
    fc
      .record({
        key: ANY_BYTES(30),
        lengthBytes: fc.maxSafeNat(),
        time: fc.tuple(fc.boolean(), fc.maxSafeNat()),
        depth: fc.option(fc.nat(2 ** 24 - 2), { nil: undefined }),
        checksum: fc.option(fc.nat(2 ** 32 - 1), { nil: undefined }),
        metadata: ANY_BYTES(30),
      })
      .map(({ time: [isOfExpiry, ms], ...entry }) => ({
        ...entry,
        ...(isOfExpiry ? { ttlMs: 0, expiresAtMs: ms } : { ttlMs: ms, expiresAtMs: undefined }),
      })),
    { maxLength: 6 },
  ),
});
const ENTRY: PutEntry = {
  key: Buffer.from('key'),
  lengthBytes: 5,
  ttlMs: 0,
  checksum: undefined,
  metadata: Buffer.from('meta'),
};
const PUT: PutList = { namespace: 0, ack: 'memory', onlyIfAbsent: false, entries: [ENTRY, ENTRY] };

/** The header of PUT with a byte changed. */
function changed(at: number, byte: number): Buffer {
  const header = encodePutList(PUT);
  header[at] = byte;
  return header;
}

describe('the header of a put', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(ANY_PUT, (put) => {
        expect(readPutList(encodePutList(put))).toEqual(put);
      }),
    );
  });

  it('gives keys and metadata that are views of it', () => {
    const header = encodePutList(PUT);
    const [entry] = readPutList(header).entries;
    header.fill('x', 40, 47);
    expect([entry?.key.toString(), entry?.metadata.toString()]).toEqual(['xxx', 'xxxx']);
  });

  it('is refused where it is cut off, or goes on', () => {
    const header = encodePutList(PUT);
    for (let length = 0; length < header.length; length++)
      expect(() => readPutList(header.subarray(0, length))).toThrow(REFUSED);
    expect(() => readPutList(Buffer.concat([header, Buffer.alloc(1)]))).toThrow(REFUSED);
  });

  it.each([
    ['an ack of 2', 4, 2],
    ['an ack of 255', 4, 255],
    ['flags that nobody knows', 5, 2],
    ['flags that nobody knows beside one that is known', 5, 3],
    ['flags of a chunk that nobody knows', 12 + 24, 4],
    ['flags of a chunk that nobody knows beside those that are known', 12 + 24, 7],
  ])('is refused with %s', (_, at, byte) => {
    expect(() => readPutList(changed(at, byte))).toThrow(REFUSED);
  });

  it('does not tell a depth that has no room', () => {
    const entries = [0, 2 ** 24 - 2, 2 ** 24 - 1, 2 ** 31].map((depth) => ({ ...ENTRY, depth }));
    const depths = readPutList(encodePutList({ ...PUT, entries })).entries.map(({ depth }) => depth);
    expect(depths).toEqual([0, 2 ** 24 - 2, undefined, undefined]);
  });

  it.each([6, 7])('does not look at byte %d, which is said to be 0', (at) => {
    expect(readPutList(changed(at, 0xff))).toEqual(PUT);
  });

  it('does not look at a checksum that is not given', () => {
    expect(readPutList(changed(12 + 16, 0xff))).toEqual(PUT);
  });

  it.each([
    ['a length', 12],
    ['a time to live', 12 + 8],
  ])('takes %s below 2^53, and refuses it from there on', (_, at) => {
    const header = encodePutList(PUT);
    header.writeUInt32LE(0xffffffff, at);
    header.writeUInt32LE(0x1fffff, at + 4);
    expect(Object.values(readPutList(header).entries[0]!)).toContain(Number.MAX_SAFE_INTEGER);
    for (const [low, high] of [
      [0, 0x200000],
      [1, 0x200000],
      [0xffffffff, 0xffffffff],
    ] as const) {
      header.writeUInt32LE(low, at);
      header.writeUInt32LE(high, at + 4);
      expect(() => readPutList(header)).toThrow(REFUSED);
    }
  });

  it.each([MAX_KEYS + 1, 2 ** 32 - 1])('is refused with %d chunks', (count) => {
    const entries = Array.from({ length: MAX_KEYS }, () => ({ ...ENTRY, metadata: Buffer.alloc(0) }));
    const header = Buffer.concat([encodePutList({ ...PUT, entries }), Buffer.alloc(28)]);
    expect(readPutList(header.subarray(0, -28)).entries).toHaveLength(MAX_KEYS);
    header.writeUInt32LE(count, 8);
    expect(() => readPutList(header)).toThrow(REFUSED);
  });

  it('is either read or refused, whatever the bytes', () => {
    const mutated = fc.tuple(ANY_PUT.map(encodePutList), fc.nat(), fc.nat(255)).map(([header, at, byte]) => {
      header[at % header.length] = byte;
      return header;
    });
    fc.assert(
      fc.property(fc.oneof(ANY_BYTES(100), mutated), (bytes) => {
        try {
          const put = readPutList(bytes);
          expect(readPutList(encodePutList(put))).toEqual(put);
        } catch (error) {
          expect(error).toEqual(REFUSED);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
