import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type KeyList, keyListBytes, MAX_KEYS, readKeyList, writeKeyList } from './key-list.js';

const REFUSED = expect.objectContaining({ name: 'KvError', code: 'KV_TCP_FRAME' });
const ANY_BYTES = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const ANY_LIST: fc.Arbitrary<KeyList> = fc.record({
  namespace: fc.nat(2 ** 32 - 1),
  option: fc.nat(2 ** 32 - 1),
  keys: fc.array(ANY_BYTES(40), { maxLength: 20 }),
});

function encode(list: KeyList): Buffer {
  const header = Buffer.alloc(keyListBytes(list.keys));
  writeKeyList(header, 0, list);
  return header;
}

const LIST: KeyList = { namespace: 3, option: 1, keys: ['a', 'bc', ''].map((key) => Buffer.from(key)) };

describe('the header of a request about keys', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(ANY_LIST, (list) => {
        expect(readKeyList(encode(list))).toEqual(list);
      }),
    );
  });

  it('is written where it is told, and no further', () => {
    const bytes = Buffer.alloc(10 + keyListBytes(LIST.keys) + 2, 0xff);
    writeKeyList(bytes, 10, LIST);
    expect(readKeyList(bytes.subarray(10, -2))).toEqual(LIST);
    expect(bytes.subarray(-2).toString('hex')).toBe('ffff');
  });

  it('takes keys of up to 65535 bytes and as many as are allowed', () => {
    const long = { ...LIST, keys: [Buffer.alloc(65_535, 'k')] };
    expect(readKeyList(encode(long))).toEqual(long);
    const many = { ...LIST, keys: Array.from({ length: MAX_KEYS }, () => Buffer.from('k')) };
    expect(readKeyList(encode(many)).keys).toHaveLength(MAX_KEYS);
  });

  it('gives keys that are views of it', () => {
    const header = encode(LIST);
    const [first] = readKeyList(header).keys;
    header[14] = 0x7a;
    expect(first?.toString()).toBe('z');
  });

  it('is refused where it is cut off, or goes on', () => {
    const header = encode(LIST);
    for (let length = 0; length < header.length; length++)
      expect(() => readKeyList(header.subarray(0, length))).toThrow(REFUSED);
    expect(() => readKeyList(Buffer.concat([header, Buffer.alloc(1)]))).toThrow(REFUSED);
  });

  it.each([MAX_KEYS + 1, 2 ** 31, 2 ** 32 - 1])('is refused with %d keys', (count) => {
    const keys = Array.from({ length: MAX_KEYS + 1 }, () => Buffer.alloc(0));
    const header = encode({ ...LIST, keys });
    header.writeUInt32LE(count, 8);
    expect(() => readKeyList(header)).toThrow(REFUSED);
  });

  it('is either read, and then is what would be written, or refused, whatever the bytes', () => {
    const changed = fc.tuple(ANY_LIST.map(encode), fc.nat(), fc.nat(255)).map(([header, at, byte]) => {
      header[at % header.length] = byte;
      return header;
    });
    fc.assert(
      fc.property(fc.oneof(ANY_BYTES(60), changed), (bytes) => {
        try {
          return encode(readKeyList(bytes)).equals(bytes);
        } catch (error) {
          expect(error).toEqual(REFUSED);
          return true;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
