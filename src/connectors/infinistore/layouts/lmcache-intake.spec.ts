import { describe, expect, it } from '@jest/globals';
import { ArenaSpaceService } from '../../../arena/arena-space.js';
import { createArena } from '../../../arena/create-arena.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { binaryMetadata, encodeRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { intakePlace } from '../../intake/value-intake.js';
import { LmcacheIntake } from './lmcache-intake.js';

const KEY = ChunkKey.of('m@1@0@5f@half');

/** The chunk that a value makes, read in pieces of so many bytes, or why it makes none. */
function take(value: Buffer, pieceBytes: number): Buffer | string {
  const arena = createArena({ capacityBytes: 4 * 1024 * 1024, native: false });
  const space = new ArenaSpaceService(arena);
  try {
    using intake = new LmcacheIntake(intakePlace({ arena, space }), KEY, value.length);
    for (let at = 0; at < value.length;) {
      expect(intake.remainingBytes).toBe(value.length - at);
      const target = intake.target(pieceBytes);
      expect(target.length).toBeGreaterThan(0);
      target.set(value.subarray(at, at + target.length));
      intake.advance(target.length);
      at += target.length;
    }
    const outcome = intake.finish();
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    expect(handle.metadata.equals(value.subarray(0, 28))).toBe(true);
    return Buffer.concat(handle.views);
  } finally {
    arena.close();
  }
}

const header = (lengthBytes: number): Buffer => encodeRemoteMetadata(binaryMetadata(lengthBytes));
const bytes = Buffer.from('some bytes of a chunk'.repeat(20));

describe.each([1, 27, 1_000_000])('a value of LMCache, in pieces of %i bytes', (pieceBytes) => {
  it('is the chunk behind its metadata', () => {
    expect(take(Buffer.concat([header(bytes.length), bytes]), pieceBytes)).toEqual(bytes);
  });

  it('may have padding behind the chunk', () => {
    expect(take(Buffer.concat([header(bytes.length), bytes, Buffer.alloc(99, 1)]), pieceBytes)).toEqual(
      bytes,
    );
  });

  it.each([
    ['longer than the value', Buffer.concat([header(bytes.length + 1), bytes])],
    ['negative', Buffer.concat([header(0).fill(255, 0, 4), bytes])],
    ['cut off', header(5).subarray(0, 27)],
  ])('is corrupt where its length is %s', (_, value) => {
    expect(take(value, pieceBytes)).toBe('corrupt');
  });

  it('is a miss where a put that was cut off has just been healed', () => {
    expect(take(Buffer.from([0]), pieceBytes)).toBe('miss');
  });
});
