import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../arena/arena.interface.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import {
  blockCount,
  encodeChunkHeader,
  encodedHeaderBytes,
} from '../protocols/encoded-chunk/encoded-chunk.js';
import { type BlockCodec, type EncodingRefusal } from './block-codec.interface.js';
import { BlockBuffers } from './block-buffers.js';
import { type CodecPlace } from './codec-place.interface.js';
import { DecodedChecksum } from './decoded-checksum.js';
import { type ElementType } from './element-type.js';
import { ViewReader } from './view-reader.js';
import { writeEncoded } from './write-encoded.js';

/** Chunks that are encoded at once, and blocks of each: of the pool's threads others need some, too. */
const CHUNKS_AT_ONCE = 2;
const BLOCKS_AT_ONCE = 2;
/** Shorter ones are not worth it. */
const MIN_BYTES = 1024;
/** What encoding must save to be worth decoding: a sixteenth. */
const WORTHWHILE = 15 / 16;

/** The longest block of a codec, and some bytes for what a codec adds to a short one. */
const ROOM_BYTES = 512 * 1024 + 64;

interface RunningBlock {
  readonly blockBytes: number;
  readonly room: Buffer;
  readonly encoding: Promise<Buffer | EncodingRefusal>;
}

interface EncodedBlocks {
  /** Length of each. */
  readonly lengths: readonly number[];
  /** Of what they are decoded to. */
  readonly checksum: number;
}

/** Encodes chunks, block by block. */
export class ChunkEncoder {
  readonly #turns = bulkhead(CHUNKS_AT_ONCE, Infinity);
  readonly #buffers = new BlockBuffers(ROOM_BYTES);

  constructor(private readonly place: CodecPlace) {}

  /**
   * @param chunk stays the caller's.
   * @returns the encoded chunk, with key, metadata and attributes of the original, which belongs to the receiver; or why there is
   * none.
   */
  async encode(
    chunk: ArenaHandle,
    codec: BlockCodec,
    type: ElementType,
  ): Promise<ArenaHandle | EncodingRefusal> {
    if (!codec.takes(type)) return 'unfit';
    if (chunk.lengthBytes < MIN_BYTES) return 'larger';
    return this.#turns.execute(() => this.#encode(chunk, codec, type));
  }

  async #encode(
    chunk: ArenaHandle,
    codec: BlockCodec,
    type: ElementType,
  ): Promise<ArenaHandle | EncodingRefusal> {
    const { key, lengthBytes } = chunk;
    const { blockBytes } = codec;
    const headerBytes = encodedHeaderBytes(blockCount(lengthBytes, blockBytes));
    const bodyBytes = Math.floor(lengthBytes * WORTHWHILE) - headerBytes;
    const room = this.place.space.reserve({ key, lengthBytes: bodyBytes });
    if (typeof room === 'string') return 'busy';
    using body = room;
    const blocks = await this.#encodeAll(chunk, codec, type, new ExtentWriter(body.views, () => 0));
    if (typeof blocks === 'string') return blocks;
    const header = encodeChunkHeader(
      {
        codec: codec.name,
        elementBytes: type.bytes,
        elementType: type.code,
        blockBytes,
        lengthBytes,
        checksum: blocks.checksum,
        blocks: blocks.lengths,
      },
      this.place.crc32c,
    );
    const usedBytes = blocks.lengths.reduce((sum, block) => sum + block, 0);
    return (await writeEncoded(this.place, chunk, header, body.views, usedBytes)) ?? 'busy';
  }

  async #encodeAll(
    { views, lengthBytes, checksum }: ArenaHandle,
    codec: BlockCodec,
    type: ElementType,
    body: ExtentWriter,
  ): Promise<EncodedBlocks | EncodingRefusal> {
    const reader = new ViewReader(views);
    const count = blockCount(lengthBytes, codec.blockBytes);
    const decoded = codec.maxError === 0 ? undefined : new DecodedChecksum(codec, type, this.place.crc32c);
    const lengths: number[] = [];
    const running: RunningBlock[] = [];
    let started = 0;
    while (lengths.length < count) {
      for (; running.length < BLOCKS_AT_ONCE && started < count; started++) {
        running.push(this.#start(reader.read(codec.blockBytes), codec, type));
      }
      const { blockBytes, room, encoding } = running.shift() as RunningBlock;
      const encoded = await encoding;
      const written = typeof encoded === 'string' ? encoded : await put(encoded, blockBytes, body, decoded);
      this.#buffers.give(room);
      if (typeof written === 'string') {
        await Promise.all(running.map((rest) => rest.encoding));
        for (const rest of running) this.#buffers.give(rest.room);
        return written;
      }
      lengths.push(written);
    }
    return { lengths, checksum: decoded?.checksum ?? checksum };
  }

  #start(block: Buffer, codec: BlockCodec, type: ElementType): RunningBlock {
    const room = this.#buffers.take();
    return { blockBytes: block.length, room, encoding: codec.encode(block, type, room) };
  }
}

/** @returns the bytes that were written. */
async function put(
  encoded: Buffer,
  blockBytes: number,
  body: ExtentWriter,
  decoded: DecodedChecksum | undefined,
): Promise<number | EncodingRefusal> {
  if (encoded.length > body.remainingBytes) return 'larger';
  await decoded?.add(encoded, blockBytes);
  return body.write(encoded);
}
