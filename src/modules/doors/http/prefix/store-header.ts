import { ValidateBy } from '../../../../common/validation.js';
import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { checksumFromHex, metadataFrom } from '../../control/input/encodings.js';
import { type Problem, inputError } from '../../control/input/input-error.js';
import { noSuchChunk } from '../../control/prefix/no-such-chunk.js';
import { StoreDto } from '../../control/prefix/store.dto.js';

/** One chunk that follows the header of a store request. */
export interface StoreChunkJson {
  /** Which chunk of the prefix. */
  readonly index: number;
  /** Bytes that follow for it. */
  readonly length: number;
  /** Base64. */
  readonly metadata?: string;
  /** CRC-32C that the bytes must have, in eight hex digits. */
  readonly checksum?: string;
}

/** Header of a store request. */
export class StoreHeaderDto extends StoreDto {
  @ValidateBy({
    name: 'isChunkList',
    validator: {
      validate: (value) => Array.isArray(value) && value.length > 0,
      defaultMessage: () => '$property must be a list of { index, length, metadata?, checksum? }',
    },
  })
  chunks!: StoreChunkJson[];
}

export interface IncomingChunk {
  readonly index: number;
  readonly lengthBytes: number;
  readonly metadata: Buffer | undefined;
  /** That its bytes must have. */
  readonly checksum: number | undefined;
}

/**
 * The chunks that a header announces, in the order in which their bytes follow.
 *
 * @param chunkCount chunks that the tokens make.
 * @throws KV_INPUT_INVALID with every bad entry.
 */
export function incomingChunks(
  chunks: readonly unknown[],
  chunkCount: number,
  maxValueBytes: number,
): readonly IncomingChunk[] {
  const problems: Problem[] = [];
  const incoming = chunks.map((value, position) => {
    const { index, length, metadata, checksum } = (value ?? {}) as Partial<
      Record<keyof StoreChunkJson, unknown>
    >;
    const path = `chunks[${position}]`;
    if (!isIndex(index, chunkCount)) {
      problems.push({ path: `${path}.index`, message: noSuchChunk(chunkCount) });
    }
    if (!isIndex(length, maxValueBytes + 1)) {
      problems.push({ path: `${path}.length`, message: `must be a number of bytes up to ${maxValueBytes}` });
    }
    const bytes = typeof metadata === 'string' ? metadataFrom(metadata) : undefined;
    if (metadata !== undefined && bytes === undefined) {
      problems.push({
        path: `${path}.metadata`,
        message: `must be base64 of at most ${MAX_METADATA_BYTES} bytes`,
      });
    }
    const expected = typeof checksum === 'string' ? checksumFromHex(checksum) : undefined;
    if (checksum !== undefined && expected === undefined) {
      problems.push({ path: `${path}.checksum`, message: 'must be a CRC-32C in eight hex digits' });
    }
    return { index: Number(index), lengthBytes: Number(length), metadata: bytes, checksum: expected };
  });
  if (problems.length > 0) throw inputError(problems);
  return incoming;
}

function isIndex(value: unknown, end: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < end;
}
