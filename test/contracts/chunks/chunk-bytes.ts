import { type ArenaSpace } from '../../../src/arena/arena-space.interface.js';
import { type Arena, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { expect } from '@jest/globals';
import { type ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { SeededRandom } from '../../support/seeded-random.js';

export interface ChunkSpec {
  readonly key: ChunkKey;
  readonly bytes?: Buffer;
  readonly metadata?: Uint8Array;
  readonly expiresAtMs?: number;
  readonly depth?: number;
}

/** A prime, so that a part in the wrong place never looks right. */
const PATTERN_BYTES = 4093;

/** Bytes that differ from place to place and from seed to seed. */
export function chunkBytes(lengthBytes: number, seed = 0): Buffer<ArrayBuffer> {
  const random = new SeededRandom(seed * 2_654_435_761 + 97);
  const patternBytes = Math.min(PATTERN_BYTES, Math.max(1, lengthBytes));
  const words = Uint32Array.from({ length: Math.ceil(patternBytes / 4) }, () => random.below(2 ** 32));
  return Buffer.alloc(lengthBytes, Buffer.from(words.buffer, 0, patternBytes));
}

/** Much faster than `toEqual` on a megabyte. */
export function expectBytes(actual: Buffer | string, expected: Buffer): void {
  expect(typeof actual === 'string' ? actual : actual.length).toBe(expected.length);
  expect(expected.equals(actual as Buffer)).toBe(true);
}

/** A sealed chunk in the arena. */
export function sealedChunk(arena: Arena, space: ArenaSpace, spec: ChunkSpec): ArenaHandle {
  const { key, bytes = chunkBytes(100), metadata, expiresAtMs = 0, depth = -1 } = spec;
  const handle = space.reserve({ key, lengthBytes: bytes.length });
  if (typeof handle === 'string') throw new Error(`no room for a test chunk: ${handle}`);
  let checksum = 0;
  let from = 0;
  for (const view of handle.views) {
    const part = bytes.subarray(from, from + view.length);
    view.set(part);
    checksum = arena.crc32c(part, checksum);
    from += view.length;
  }
  if (metadata !== undefined) handle.setMetadata(metadata);
  handle.setAttributes({ expiresAtMs, depth });
  handle.seal(checksum);
  return handle;
}
