import { describe, expect, it } from '@jest/globals';
import { type InfinistoreReplyKind, InfinistoreReplyParser } from './infinistore-reply.js';

/** Reads a reply in pieces of so many bytes. @returns what it says, and the bytes that were not read. */
function read(kind: InfinistoreReplyKind, hex: string, pieceBytes: number): readonly unknown[] {
  const parser = new InfinistoreReplyParser();
  parser.expect(kind);
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + Math.min(pieceBytes, parser.missingBytes));
    const reply = parser.push(bytes.subarray(at, end));
    at = end;
    if (reply !== undefined) return [reply, bytes.length - at];
  }
  return [undefined, 0];
}

describe.each([1, 3, 8])('replies of InfiniStore, in pieces of %i bytes', (pieceBytes) => {
  it.each([
    ['number', 'c8000000 00000000', { code: 200, number: 0 }, 0],
    ['number', 'c8000000 01000000', { code: 200, number: 1 }, 0],
    ['number', 'c8000000 ffffffff', { code: 200, number: -1 }, 0],
    ['code', 'c8000000', { code: 200, number: 0 }, 0],
    ['code', 'fb010000', { code: 507, number: 0 }, 0],
    ['value', '94010000', { code: 404, number: 0 }, 0],
    ['value', 'c8000000 0f000000 6162', { code: 200, number: 15 }, 2],
  ] as const)('a %s: %s', (kind, hex, reply, left) => {
    expect(read(kind, hex, pieceBytes)).toEqual([reply, left]);
  });

  it.each([
    ['number', '48545450 2f312e31', 'the code 1347703880'],
    ['code', '00000000', 'the code 0'],
    ['value', 'c8000000 00000000', 'a value of 0 bytes'],
    ['value', 'c8000000 ffffffff', 'a value of -1 bytes'],
  ] as const)('are no replies: a %s, %s', (kind, hex, what) => {
    expect(read(kind, hex, pieceBytes)[0]).toBe(what);
  });
});

it('a reply of InfiniStore is none when something comes behind any code but that of success', () => {
  expect(read('value', '94010000', 8)).toEqual([{ code: 404, number: 0 }, 0]);
  expect(read('value', '94010000 c8000000', 8)[0]).toBe('more behind the code 404');
});
