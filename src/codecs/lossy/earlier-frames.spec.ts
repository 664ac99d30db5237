import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sealedChunk } from '../../../test/contracts/chunks/chunk-bytes.js';
import { createArena } from '../../arena/create-arena.js';
import { type Arena } from '../../arena/arena.interface.js';
import { ArenaSpaceService } from '../../arena/arena-space.js';
import { crc32c } from '../../common/crc32c.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { encodedHeaderLength, parseChunkHeader } from '../../protocols/encoded-chunk/encoded-chunk.js';
import { ChunkDecoder } from '../chunk-decoder.js';
import { FP8 } from './fp8.codec.js';
import { INT8 } from './int8.codec.js';
import { scaledCodec } from './scaled.codec.js';

interface Frame {
  /** Gzip, base64. */
  readonly encoded: string;
  readonly decodedBytes: number;
  readonly decodedSha256: string;
}

/** Made by kvnest when its lossy codecs wrote blocks of 64 KiB, and ran on the event loop only. */
const { chunks } = JSON.parse(
  readFileSync(
    new URL('../../../test/fixtures/encoded-chunks/lossy-64k-blocks.json', import.meta.url),
    'utf8',
  ),
) as { readonly chunks: Record<string, Frame> };

const KEY = ChunkKey.of('m@1@0@ab@bfloat16');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each(Object.entries(chunks))('a chunk of 64 KiB blocks, %s', (_, frame) => {
  const encoded = gunzipSync(Buffer.from(frame.encoded, 'base64'));
  let arena: Arena;
  let space: ArenaSpaceService;

  beforeEach(() => {
    arena = createArena({ capacityBytes: 4 * 2 ** 20, native: false });
    space = new ArenaSpaceService(arena);
  });

  afterEach(() => {
    expect(arena.usage().references).toBe(0);
    arena.close();
  });

  it('is decoded as it was then', async () => {
    const decoder = new ChunkDecoder({ space, crc32c });
    const decoded = await decoder.decode(sealedChunk(arena, space, { key: KEY, bytes: encoded }));
    if (typeof decoded === 'string') throw new Error(decoded);
    using chunk = decoded;
    const bytes = Buffer.concat(chunk.views);
    expect([bytes.length, sha256(bytes)]).toEqual([frame.decodedBytes, frame.decodedSha256]);
    expect(chunk.checksum).toBe(crc32c(bytes));
  });

  it('is decoded the same by the event loop', async () => {
    const headerBytes = encodedHeaderLength(encoded) as number;
    const header = parseChunkHeader(encoded.subarray(0, headerBytes), encoded.length, crc32c);
    if (typeof header === 'string') throw new Error(header);
    expect(header.blockBytes).toBe(64 * 1024);
    const codec = scaledCodec(header.codec === 'int8' ? INT8 : FP8, undefined);
    const type = { bytes: header.elementBytes, code: header.elementType };
    const bytes = Buffer.alloc(header.lengthBytes);
    let from = headerBytes;
    for (const [index, length] of header.blocks.entries()) {
      const at = index * header.blockBytes;
      const target = bytes.subarray(at, at + header.blockBytes);
      const checksum = await codec.decode(encoded.subarray(from, from + length), type, target);
      expect(checksum).toBe(crc32c(target));
      from += length;
    }
    expect(sha256(bytes)).toBe(frame.decodedSha256);
  });
});
