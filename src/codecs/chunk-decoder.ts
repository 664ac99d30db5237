import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../arena/arena.interface.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import {
  ENCODED_FIXED_BYTES,
  encodedHeaderBytes,
  encodedHeaderLength,
  type EncodedHeader,
  parseChunkHeader,
} from '../protocols/encoded-chunk/encoded-chunk.js';
import { type BlockCodec, type WriteBlock } from './block-codec.interface.js';
import { type CodecPlace } from './codec-place.interface.js';
import { codecNamed } from './codecs.catalog.js';
import { ownTurn } from './own-turn.js';
import { ViewReader } from './view-reader.js';

const CHUNKS_AT_ONCE = 2;
const BLOCKS_AT_ONCE = 2;
/** Bytes that are copied before others get a turn. */
const COPY_BYTES = 1024 * 1024;

/** `miss`: a later version has encoded it, or there could never be room for it; `busy`: there is none now. */
export type DecodeOutcome = ArenaHandle | 'miss' | 'busy' | 'corrupt';

/** Gives back what was encoded. */
export class ChunkDecoder {
  readonly #turns = bulkhead(CHUNKS_AT_ONCE, Infinity);

  constructor(private readonly place: CodecPlace) {}

  /** @param chunk belongs to the decoder; one that is not encoded is returned as it is. */
  async decode(chunk: ArenaHandle): Promise<DecodeOutcome> {
    const header = headerOf(chunk, this.place.crc32c);
    if (header === 'plain') return chunk;
    using encoded = chunk;
    if (typeof header === 'string') return header === 'unknown' ? 'miss' : 'corrupt';
    const codec = header.codec === 'none' ? undefined : codecNamed(header.codec);
    const type = { bytes: header.elementBytes, code: header.elementType };
    if (codec?.takes(type) === false) return 'miss';
    return await this.#turns.execute(() => this.#decode(encoded, header, codec));
  }

  async #decode(
    encoded: ArenaHandle,
    header: EncodedHeader,
    codec: BlockCodec | undefined,
  ): Promise<DecodeOutcome> {
    const { key, metadata, attributes, views } = encoded;
    const { lengthBytes, checksum } = header;
    const room = this.place.space.reserve({ key, lengthBytes, metadataCapacityBytes: metadata.length });
    if (typeof room === 'string') return room === 'too-large' ? 'miss' : 'busy';
    const reader = new ViewReader(views);
    reader.read(encodedHeaderBytes(header.blocks.length));
    const writer = new ExtentWriter(room.views, this.place.crc32c);
    const isWhole =
      codec === undefined ? await copyAll(reader, writer) : await decodeAll(header, codec, reader, writer);
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

/** What an encoded chunk says of itself. */
export function headerOf(
  { views, lengthBytes }: ArenaHandle,
  crc32c: CodecPlace['crc32c'],
): EncodedHeader | 'plain' | 'unknown' | 'damaged' {
  const length = encodedHeaderLength(new ViewReader(views).read(ENCODED_FIXED_BYTES));
  if (typeof length === 'string') return length;
  if (length > lengthBytes) return 'damaged';
  return parseChunkHeader(new ViewReader(views).read(length), lengthBytes, crc32c);
}

async function copyAll(reader: ViewReader, writer: ExtentWriter): Promise<boolean> {
  while (!writer.done) {
    await ownTurn();
    writer.write(reader.read(Math.min(COPY_BYTES, writer.remainingBytes)));
  }
  return true;
}

/** @returns whether every block came out whole. */
async function decodeAll(
  { blocks, blockBytes, elementBytes, elementType }: EncodedHeader,
  codec: BlockCodec,
  reader: ViewReader,
  writer: ExtentWriter,
): Promise<boolean> {
  const type = { bytes: elementBytes, code: elementType };
  const running: { readonly lengthBytes: number; readonly decoding: Promise<WriteBlock | undefined> }[] = [];
  let toStart = writer.remainingBytes;
  let started = 0;
  while (!writer.done) {
    for (; running.length < BLOCKS_AT_ONCE && started < blocks.length; started++) {
      const lengthBytes = Math.min(blockBytes, toStart);
      running.push({
        lengthBytes,
        decoding: codec.decode(reader.read(blocks[started] ?? 0), type, lengthBytes),
      });
      toStart -= lengthBytes;
    }
    const next = running.shift();
    const write = await next?.decoding;
    if (next === undefined || write === undefined || !writeBlock(write, writer, next.lengthBytes)) {
      await Promise.all(running.map(({ decoding }) => decoding));
      return false;
    }
  }
  return true;
}

/** Straight to its place, unless that lies in several pieces. */
function writeBlock(write: WriteBlock, writer: ExtentWriter, lengthBytes: number): boolean {
  const target = writer.target(lengthBytes);
  if (target.length < lengthBytes) {
    const whole = Buffer.allocUnsafe(lengthBytes);
    const isWhole = write(whole);
    writer.write(whole);
    return isWhole;
  }
  const isWhole = write(target);
  writer.advance(lengthBytes);
  return isWhole;
}
