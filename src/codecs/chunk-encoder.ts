import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../arena/arena.interface.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import { combineCrc32c } from '../common/crc32c.js';
import {
  blockCount,
  encodeChunkHeader,
  encodedHeaderBytes,
} from '../protocols/encoded-chunk/encoded-chunk.js';
import { type BlockCodec, type EncodedBlock, type EncodingRefusal } from './block-codec.interface.js';
import { BlockBuffers } from './block-buffers.js';
import { blocksInOrder } from './blocks-in-order.js';
import { type CodecPlace } from './codec-place.interface.js';
import { type ElementType } from './element-type.js';
import { ViewReader } from './view-reader.js';
import { writeEncoded } from './write-encoded.js';

/** Of the pool's threads others need some, too. */
const CHUNKS_AT_ONCE = 2;
/** Shorter ones are not worth it. */
const MIN_BYTES = 1024;
/** What encoding must save to be worth decoding: a sixteenth. */
const WORTHWHILE = 15 / 16;

/** The longest block of a codec, and some bytes for what a codec adds to a short one. */
const ROOM_BYTES = 512 * 1024 + 64;

interface StartedBlock {
  readonly room: Buffer;
  readonly blockBytes: number;
  readonly encoded: EncodedBlock | EncodingRefusal;
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
    const lengths: number[] = [];
    let decodedChecksum = 0;
    let refusal: EncodingRefusal = 'busy';
    const start = async (): Promise<StartedBlock> => {
      const block = reader.read(codec.blockBytes);
      const room = this.#buffers.take();
      return { room, blockBytes: block.length, encoded: await codec.encode(block, type, room) };
    };
    const take = ({ room, blockBytes, encoded }: StartedBlock): boolean => {
      const written = typeof encoded === 'string' ? encoded : put(encoded.bytes, body);
      this.#buffers.give(room);
      if (typeof encoded === 'string' || typeof written === 'string') {
        refusal = written as EncodingRefusal;
        return false;
      }
      lengths.push(written);
      decodedChecksum = combineCrc32c(decodedChecksum, encoded.checksum ?? 0, blockBytes);
      return true;
    };
    const areDone = await blocksInOrder(blockCount(lengthBytes, codec.blockBytes), start, take);
    if (!areDone) return refusal;
    return { lengths, checksum: codec.maxError === 0 ? checksum : decodedChecksum };
  }
}

/** @returns the bytes that were written. */
function put(encoded: Buffer, body: ExtentWriter): number | EncodingRefusal {
  return encoded.length > body.remainingBytes ? 'larger' : body.write(encoded);
}
