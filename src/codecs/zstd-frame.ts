import zlib from 'node:zlib';
import { promisify } from 'node:util';

/** Higher levels are slower and no smaller on the numbers of a cache; see the figures in the README of this tier. */
const LEVEL = 1;
/** A frame of bytes that do not shrink is longer than they are, by less than this and a 256th. */
const FRAME_BYTES = 512;

/** Whether this Node.js brings zstd: from 22.15 on. Named imports would fail where it does not. */
export const HAS_ZSTD = 'zstdCompress' in zlib;

/**
 * In a thread of the pool. The room for the answer is one piece: in smaller ones each would be a turn of the event
 * loop. @returns undefined when there is no memory for it.
 */
export async function compressBlock(block: Uint8Array): Promise<Buffer | undefined> {
  try {
    return await promisify(zlib.zstdCompress)(block, {
      chunkSize: block.length + (block.length >> 8) + FRAME_BYTES,
      params: { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL },
    });
  } catch {
    return undefined;
  }
}

/** @returns undefined unless it is a frame of exactly so many bytes. */
export async function decompressBlock(frame: Uint8Array, lengthBytes: number): Promise<Buffer | undefined> {
  try {
    const options = { chunkSize: lengthBytes + FRAME_BYTES, maxOutputLength: lengthBytes };
    const block = await promisify(zlib.zstdDecompress)(frame, options);
    return block.length === lengthBytes ? block : undefined;
  } catch {
    return undefined;
  }
}
