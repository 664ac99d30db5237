import { bulkhead } from 'cockatiel';
import { type ArenaHandle } from '../arena/arena.interface.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import { combineCrc32c } from '../common/crc32c.js';
import {
  ENCODED_FIXED_BYTES,
  encodedHeaderBytes,
  encodedHeaderLength,
  type EncodedHeader,
  parseChunkHeader,
} from '../protocols/encoded-chunk/encoded-chunk.js';
import { type BlockCodec } from './block-codec.interface.js';
import { blocksInOrder } from './blocks-in-order.js';
import { type CodecPlace } from './codec-place.interface.js';
import { copyInTurns } from './copy-in-turns.js';
import { codecNamed } from './codecs.catalog.js';
import { ViewReader } from './view-reader.js';

const CHUNKS_AT_ONCE = 2;

/** `miss`: a later version has encoded it, or there could never be room for it; `busy`: there is none now. */
export type DecodeOutcome = ArenaHandle | 'miss' | 'busy' | 'corrupt';

interface StartedBlock {
  /** Where it belongs, and where it is decoded to. */
  readonly pieces: readonly Buffer[];
  readonly target: Buffer;
  readonly checksum: number | undefined;
}

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
    const decoded =
      codec === undefined
        ? await copyAll(reader, new ExtentWriter(room.views, this.place.crc32c))
        : await decodeAll(header, codec, reader, new ViewReader(room.views));
    if (decoded !== checksum) {
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

/** @returns CRC-32C of what was copied. */
async function copyAll(reader: ViewReader, writer: ExtentWriter): Promise<number> {
  await copyInTurns(reader, writer);
  return writer.checksum;
}

/** @returns CRC-32C of what the blocks are decoded to; undefined when one of them is damaged. */
async function decodeAll(
  { blocks, blockBytes, lengthBytes, elementBytes, elementType }: EncodedHeader,
  codec: BlockCodec,
  reader: ViewReader,
  targets: ViewReader,
): Promise<number | undefined> {
  const type = { bytes: elementBytes, code: elementType };
  let checksum = 0;
  const start = async (index: number): Promise<StartedBlock> => {
    const pieces = targets.pieces(Math.min(blockBytes, lengthBytes - index * blockBytes));
    const target = inOne(pieces);
    return { pieces, target, checksum: await codec.decode(reader.read(blocks[index] ?? 0), type, target) };
  };
  const take = ({ pieces, target, checksum: own }: StartedBlock): boolean => {
    if (own === undefined) return false;
    checksum = combineCrc32c(checksum, own, target.length);
    if (pieces.length > 1) scatter(target, pieces);
    return true;
  };
  return (await blocksInOrder(blocks.length, start, take)) ? checksum : undefined;
}

/** The place itself, unless it lies in several pieces. */
function inOne(pieces: readonly Buffer[]): Buffer {
  if (pieces.length === 1) return pieces[0] as Buffer;
  return Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + piece.length, 0));
}

function scatter(bytes: Buffer, pieces: readonly Buffer[]): void {
  let from = 0;
  for (const piece of pieces) from += bytes.copy(piece, 0, from);
}
