import { endianness } from 'node:os';
import { Double, RECORD_BYTES, Word } from '../../../arena/record-table.js';
import { type LocatedChunk } from '../../../protocols/kvnest-tcp/locate.js';

const IS_LITTLE_ENDIAN = endianness() === 'LE';
const WORD_BYTES = 4;
const DOUBLE_BYTES = 8;
/** States of a record whose bytes are whole: also of one that no tier has any more and somebody still holds. */
const SEALED = 2;
const CONDEMNED = 3;

/**
 * Whether a record, as it was read from a peer's arena, is that of the chunk that the peer told of: what else is in its place
 * belongs to another chunk.
 *
 * @param records of one read, one behind the other.
 */
export function isRecordOf(chunk: LocatedChunk, records: Buffer, index: number): boolean {
  if (records.length < (index + 1) * RECORD_BYTES) return false;
  const record = new DataView(records.buffer, records.byteOffset + index * RECORD_BYTES, RECORD_BYTES);
  const word = (place: number): number => record.getUint32(place * WORD_BYTES, IS_LITTLE_ENDIAN);
  const state = word(Word.State);
  return (
    word(Word.Generation) === chunk.generation &&
    (state === SEALED || state === CONDEMNED) &&
    chunk.digest.every((part, i) => word(Word.Digest + i) === part) &&
    word(Word.Checksum) === chunk.checksum &&
    record.getFloat64(Double.Length * DOUBLE_BYTES, IS_LITTLE_ENDIAN) === chunk.lengthBytes
  );
}
