import { describe, expect, it } from '@jest/globals';
import { ArenaSpaceService } from '../../../arena/arena-space.js';
import { createArena } from '../../../arena/create-arena.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { encodeRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { intakePlace } from '../../intake/value-intake.js';
import { LmcacheIntake } from './lmcache-intake.js';

const KEY = ChunkKey.of('m@1@0@5f@half');

/** The metadata and the bytes that an object makes, read in pieces of so many bytes, or why it makes none. */
function take(object: Buffer, pieceBytes: number): readonly Buffer[] | string {
  const arena = createArena({ capacityBytes: 4 * 1024 * 1024, native: false });
  const space = new ArenaSpaceService(arena);
  try {
    using intake = new LmcacheIntake(intakePlace({ arena, space }), KEY, object.length);
    for (let at = 0; at < object.length;) {
      expect(intake.remainingBytes).toBe(object.length - at);
      const target = intake.target(pieceBytes);
      expect(target.length).toBeGreaterThan(0);
      target.set(object.subarray(at, at + target.length));
      intake.advance(target.length);
      at += target.length;
    }
    const outcome = intake.finish();
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return [Buffer.from(handle.metadata), Buffer.concat(handle.views)];
  } finally {
    arena.close();
  }
}

const bytes = Buffer.from('some bytes of a chunk'.repeat(20));

function header(lengthBytes: number, groups: number): Buffer {
  const group = { dtype: 3, shape: [lengthBytes, 1, 1, 1] };
  return encodeRemoteMetadata({
    lengthBytes,
    format: 1,
    groups: Array.from({ length: groups }, () => group),
  });
}

describe.each([1, 27, 1_000_000])("an object of LMCache's, in pieces of %i bytes", (pieceBytes) => {
  it.each([1, 2, 50])('is the chunk behind the metadata of %i tensors', (groups) => {
    const metadata = header(bytes.length, groups);
    expect(take(Buffer.concat([metadata, bytes]), pieceBytes)).toEqual([metadata, bytes]);
  });

  it('may have no bytes but metadata', () => {
    expect(take(header(0, 1), pieceBytes)).toEqual([header(0, 1), Buffer.alloc(0)]);
  });

  it.each([
    ['has a length that no metadata fit in front of', Buffer.concat([header(bytes.length + 1, 1), bytes])],
    ['has more metadata than there can be', Buffer.concat([header(bytes.length, 51), bytes])],
    ['has a negative length', Buffer.concat([header(0, 1).fill(255, 0, 4), bytes])],
    ['has a negative dimension', Buffer.concat([header(bytes.length, 1).fill(255, 12, 16), bytes])],
    ['is cut off in the metadata', header(5, 1).subarray(0, 27)],
    ['is cut off in its first number', Buffer.alloc(3)],
    ['is nothing', Buffer.alloc(0)],
  ])('is corrupt when it %s', (_, object) => {
    expect(take(object, pieceBytes)).toBe('corrupt');
  });
});
