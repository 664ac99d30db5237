import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import {
  encodeExists,
  encodeGet,
  encodeMatchLastIndex,
  encodePut,
  encodeRemove,
  MAX_INFINISTORE_VALUE_BYTES,
} from './infinistore-request.js';

const HEADER_BYTES = 9;

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex');
}

/** Reads a table as any FlatBuffers reader does: by its offsets, and within its bounds. */
class Table {
  constructor(
    private readonly bytes: Buffer,
    private readonly at = bytes.readUInt32LE(0),
  ) {}

  field(slot: number): number {
    const vtable = this.at - this.bytes.readInt32LE(this.at);
    expect(this.bytes.readUInt16LE(vtable)).toBeGreaterThan(4 + 2 * slot);
    return this.at + this.bytes.readUInt16LE(vtable + 4 + 2 * slot);
  }

  int(slot: number): number {
    expect(this.field(slot) % 4).toBe(0);
    return this.bytes.readInt32LE(this.field(slot));
  }

  byte(slot: number): string {
    return String.fromCharCode(this.bytes.readInt8(this.field(slot)));
  }

  text(slot: number): string {
    return this.textAt(this.field(slot));
  }

  texts(slot: number): string[] {
    const field = this.field(slot);
    const vector = field + this.bytes.readUInt32LE(field);
    return Array.from({ length: this.bytes.readUInt32LE(vector) }, (_, i) => this.textAt(vector + 4 + 4 * i));
  }

  private textAt(slot: number): string {
    const start = slot + this.bytes.readUInt32LE(slot);
    expect(start % 4).toBe(0);
    const end = start + 4 + this.bytes.readUInt32LE(start);
    expect(this.bytes.readUInt8(end)).toBe(0);
    return this.bytes.toString('utf8', start + 4, end);
  }
}

/** The body of a request, whose header must tell its length. */
function bodyOf(request: Buffer): Buffer {
  const body = request.subarray(HEADER_BYTES);
  expect(request.readUInt32LE(5)).toBe(body.length);
  return body;
}

describe('requests of InfiniStore', () => {
  it.each([
    [
      'put',
      encodePut('k1', 5),
      'efbeadde 4c 28000000 | 10000000 0a00 1000 0400 0800 0c00 0000 0c000000 0c000000 05000000 50000000 02000000 6b310000',
    ],
    [
      'get',
      encodeGet('k1'),
      'efbeadde 4c 28000000 | 10000000 0a00 1000 0400 0800 0c00 0000 0c000000 0c000000 00000000 47000000 02000000 6b310000',
    ],
    [
      'remove',
      encodeRemove(['a', 'bc']),
      'efbeadde 58 30000000 | 0c000000 0600 0800 0400 0000 08000000 04000000 02000000 08000000 0c000000 01000000 61000000 02000000 62630000',
    ],
    ['exists', encodeExists('k1'), 'efbeadde 43 02000000 | 6b31'],
  ])('are the bytes that its server was seen to take: %s', (_, request, golden) => {
    expect(request.toString('hex')).toBe(hex(golden).toString('hex'));
  });

  it('ask for the last match as they remove, by another letter', () => {
    const [match, remove] = [encodeMatchLastIndex(['a', 'bc']), encodeRemove(['a', 'bc'])];
    expect(match.toString('latin1', 4, 5)).toBe('M');
    match.write('X', 4);
    expect(match.equals(remove)).toBe(true);
  });

  it('are FlatBuffers, whatever the keys are', () => {
    const random = new SeededRandom(7);
    const text = (): string =>
      Array.from({ length: 1 + random.below(40) }, () => random.pick(['a', '@', '/', 'я', '🙂', '0'])).join(
        '',
      );
    for (let i = 0; i < 300; i++) {
      const keys = Array.from({ length: 1 + random.below(20) }, text);
      expect(new Table(bodyOf(encodeRemove(keys))).texts(0)).toEqual(keys);
      const [key = ''] = keys;
      const put = new Table(bodyOf(encodePut(key, i + 1)));
      expect([put.text(0), put.int(1), put.byte(2)]).toEqual([key, i + 1, 'P']);
      const get = new Table(bodyOf(encodeGet(key)));
      expect([get.text(0), get.int(1), get.byte(2)]).toEqual([key, 0, 'G']);
    }
  });

  it.each([
    ['an empty key', () => encodeExists('')],
    ['an empty key', () => encodeGet('')],
    ['an empty key', () => encodePut('', 1)],
    ['an empty key', () => encodeRemove(['a', ''])],
    ['no keys', () => encodeRemove([])],
    ['no keys', () => encodeMatchLastIndex([])],
    ['an empty value', () => encodePut('a', 0)],
    ['a negative length', () => encodePut('a', -1)],
    ['a length that is negative on the wire', () => encodePut('a', MAX_INFINISTORE_VALUE_BYTES + 1)],
  ])('are never made of what the server does not survive: %s', (_, encode) => {
    expect(encode).toThrow(expect.objectContaining({ code: 'KV_INPUT_INFINISTORE' }));
  });

  it('know no other operation than those that are safe over TCP', () => {
    const requests = [
      encodeExists('k'),
      encodeMatchLastIndex(['k']),
      encodeRemove(['k']),
      encodePut('k', 1),
      encodeGet('k'),
    ];
    expect(requests.map((request) => request.toString('latin1', 4, 5)).join('')).toBe('CMXLL');
  });
});
