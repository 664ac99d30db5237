import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { ExtentWriter } from '../../../arena/extent-writer.js';
import { type IntakePlace } from '../../../connectors/intake/value-intake.js';
import { type FetchOutcome } from '../../../connectors/remote-connector.interface.js';
import { unshuffleBytes } from '../../../protocols/encoded-chunk/byte-shuffle.js';
import {
  ENCODED_FIXED_BYTES,
  encodedHeaderLength,
  type EncodedHeader,
  parseChunkHeader,
} from '../../../protocols/encoded-chunk/encoded-chunk.js';
import { ViewReader } from './view-reader.js';
import { decompressBlock, HAS_ZSTD } from './zstd.js';

const CHUNKS_AT_ONCE = 2;
const BLOCKS_AT_ONCE = 2;

/** Gives back what was encoded; a chunk that was not is returned as it is. */
export class ChunkDecoder {
  readonly #turns = bulkhead(CHUNKS_AT_ONCE, Infinity);

  constructor(private readonly place: IntakePlace) {}

  /** @param chunk belongs to the decoder. @returns `miss` for what a later version of kvnest has encoded. */
  async decode(chunk: ArenaHandle): Promise<FetchOutcome> {
    const length = encodedHeaderLength(new ViewReader(chunk.views).read(ENCODED_FIXED_BYTES));
    if (length === 'plain') return chunk;
    using encoded = chunk;
    if (length === 'unknown') return 'miss';
    if (length === 'damaged' || length > encoded.lengthBytes) return 'corrupt';
    const reader = new ViewReader(encoded.views);
    const header = parseChunkHeader(reader.read(length), encoded.lengthBytes, this.place.crc32c);
    if (header === 'unknown') return 'miss';
    if (header === 'damaged') return 'corrupt';
    return await this.#turns.execute(() => this.#decode(encoded, header, reader));
  }

  async #decode(encoded: ArenaHandle, header: EncodedHeader, reader: ViewReader): Promise<FetchOutcome> {
    const { key, metadata, attributes } = encoded;
    const { lengthBytes, codec, checksum } = header;
    if (codec === 'zstd' && !HAS_ZSTD) return 'miss';
    const room = this.place.space.reserve({ key, lengthBytes, metadataCapacityBytes: metadata.length });
    if (typeof room === 'string') return room === 'too-large' ? 'miss' : 'busy';
    const writer = new ExtentWriter(room.views, this.place.crc32c);
    const isWhole = codec === 'none' ? copyAll(reader, writer) : await decompressAll(header, reader, writer);
    if (!isWhole || writer.checksum !== checksum) {
      room[Symbol.dispose]();
      return 'corrupt';
    }
    room.setMetadata(metadata);
    room.setAttributes(attributes);
    room.seal(checksum);
    return room;
  }
}

function copyAll(reader: ViewReader, writer: ExtentWriter): boolean {
  writer.write(reader.read(writer.remainingBytes));
  return writer.done;
}

/** @returns whether every block came out whole. */
async function decompressAll(
  { blocks, blockBytes, elementBytes }: EncodedHeader,
  reader: ViewReader,
  writer: ExtentWriter,
): Promise<boolean> {
  const running: Promise<Buffer | undefined>[] = [];
  let toStart = writer.remainingBytes;
  let started = 0;
  while (!writer.done) {
    for (; running.length < BLOCKS_AT_ONCE && started < blocks.length; started++) {
      const lengthBytes = Math.min(blockBytes, toStart);
      running.push(decompressBlock(reader.read(blocks[started] ?? 0), lengthBytes));
      toStart -= lengthBytes;
    }
    const block = await running.shift();
    if (block === undefined) {
      await Promise.all(running);
      return false;
    }
    writeUnshuffled(block, writer, elementBytes);
  }
  return true;
}

/** Straight to its place, unless that lies in several pieces. */
function writeUnshuffled(block: Buffer, writer: ExtentWriter, elementBytes: number): void {
  const target = writer.target(block.length);
  if (target.length < block.length) {
    const whole = Buffer.allocUnsafe(block.length);
    unshuffleBytes(block, whole, elementBytes);
    writer.write(whole);
    return;
  }
  unshuffleBytes(block, target, elementBytes);
  writer.advance(block.length);
}
