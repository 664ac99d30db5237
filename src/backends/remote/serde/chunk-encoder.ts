import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { ExtentWriter } from '../../../arena/extent-writer.js';
import { type IntakePlace } from '../../../connectors/intake/value-intake.js';
import { shuffleBytes } from '../../../protocols/encoded-chunk/byte-shuffle.js';
import {
  blockCount,
  encodeChunkHeader,
  encodedHeaderBytes,
} from '../../../protocols/encoded-chunk/encoded-chunk.js';
import { BlockBuffers } from './block-buffers.js';
import { elementBytesOf } from './element-bytes.js';
import { ViewReader } from './view-reader.js';
import { writeEncoded } from './write-encoded.js';
import { compressBlock } from './zstd.js';

/** Half a megabyte shuffled is a tenth of a millisecond of the event loop, and planes as long as zstd's own blocks. */
const BLOCK_BYTES = 512 * 1024;
/** Chunks that are encoded at once, and blocks of each: of the pool's threads others need some, too. */
const CHUNKS_AT_ONCE = 2;
const BLOCKS_AT_ONCE = 2;
/** Shorter ones are not worth it. */
const MIN_BYTES = 1024;
/** What encoding must save to be worth decoding: a sixteenth. */
const WORTHWHILE = 15 / 16;

/** Compresses chunks without loss: blocks of shuffled bytes, each a zstd frame of its own. */
export class ChunkEncoder {
  readonly #turns = bulkhead(CHUNKS_AT_ONCE, Infinity);
  readonly #buffers = new BlockBuffers(BLOCK_BYTES);

  constructor(private readonly place: IntakePlace) {}

  /**
   * @param chunk stays the caller's.
   * @returns the encoded chunk, which belongs to the receiver; undefined when it is not worth it or there is no room
   * in the arena to do it.
   */
  async encode(chunk: ArenaHandle): Promise<ArenaHandle | undefined> {
    if (chunk.lengthBytes < MIN_BYTES) return undefined;
    return this.#turns.execute(() => this.#encode(chunk));
  }

  async #encode(chunk: ArenaHandle): Promise<ArenaHandle | undefined> {
    const { key, lengthBytes } = chunk;
    const elementBytes = elementBytesOf(chunk);
    const headerBytes = encodedHeaderBytes(blockCount(lengthBytes, BLOCK_BYTES));
    const bodyBytes = Math.floor(lengthBytes * WORTHWHILE) - headerBytes;
    const room = this.place.space.reserve({ key, lengthBytes: bodyBytes });
    if (typeof room === 'string') return undefined;
    using body = room;
    const blocks = await this.#compress(chunk, elementBytes, new ExtentWriter(body.views, () => 0));
    if (blocks === undefined) return undefined;
    const header = encodeChunkHeader(
      {
        codec: 'zstd',
        elementBytes,
        blockBytes: BLOCK_BYTES,
        lengthBytes,
        checksum: chunk.checksum,
        blocks,
      },
      this.place.crc32c,
    );
    const usedBytes = blocks.reduce((sum, block) => sum + block, 0);
    return await writeEncoded(this.place, chunk, header, body.views, usedBytes);
  }

  /** @returns the lengths of the blocks that were written; undefined when they found no room. */
  async #compress(
    { views, lengthBytes }: ArenaHandle,
    elementBytes: number,
    body: ExtentWriter,
  ): Promise<readonly number[] | undefined> {
    const reader = new ViewReader(views);
    const running: Promise<Buffer | undefined>[] = [];
    const lengths: number[] = [];
    let started = 0;
    const count = blockCount(lengthBytes, BLOCK_BYTES);
    while (lengths.length < count) {
      for (; running.length < BLOCKS_AT_ONCE && started < count; started++) {
        running.push(this.#compressBlock(reader.read(BLOCK_BYTES), elementBytes));
      }
      const block = await running.shift();
      if (block === undefined || block.length > body.remainingBytes) {
        await Promise.all(running);
        return undefined;
      }
      body.write(block);
      lengths.push(block.length);
    }
    return lengths;
  }

  async #compressBlock(block: Buffer, elementBytes: number): Promise<Buffer | undefined> {
    const buffer = this.#buffers.take();
    const shuffled = buffer.subarray(0, block.length);
    shuffleBytes(block, shuffled, elementBytes);
    try {
      return await compressBlock(shuffled);
    } finally {
      this.#buffers.give(buffer);
    }
  }
}
