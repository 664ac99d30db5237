import { createHash } from 'node:crypto';
import { KvError } from '../../common/errors/kv-error.js';
import { parseTypeLiteral } from './wire-type.js';
import { type LengthBytes, WireReader, type WireValue, WireWriter } from './wire-value.js';

/** A message of struct_pack, which says itself of what type it is. */
export interface PackedValue {
  readonly literal: Buffer;
  readonly value: WireValue;
  /** Fields that newer releases added behind the others: not part of the type. */
  readonly compatible: Buffer;
  /** Whether the type has such fields. */
  readonly hasCompatible: boolean;
}

export interface PackOptions {
  /** Fields behind the others; without it the type has none. */
  readonly compatible?: Buffer | undefined;
}

const HEAD_BYTES = 4;
const HAS_LITERAL = 4;
/** The longest that is in use has some 60. */
const MAX_LITERAL_BYTES = 4_096;
const WIDTHS: readonly LengthBytes[] = [1, 2, 4, 8];
/** Of the few types that are in use. */
const heads = new Map<string, number>();
const MAX_HEADS = 128;
/** Bytes of the total length, by the lowest bits of the meta byte. */
const TOTAL_BYTES = [0, 2, 4, 8] as const;

/**
 * `u32 head, u8 meta, the total length where the type has compatible fields, the type's literal and a zero, the value`.
 *
 * @throws KV_INPUT_MOONCAKE for a literal that is none.
 */
export function packValue(literal: Uint8Array, value: WireValue, { compatible }: PackOptions = {}): Buffer {
  const type = parseTypeLiteral(literal);
  if (type === undefined) throw unknownType(literal);
  for (const [i, width] of WIDTHS.entries()) {
    const writer = new WireWriter(width);
    writer.write(type, value);
    if (!writer.isTooNarrow) return assemble(literal, writer.written, i, compatible);
  }
  throw unknownType(literal);
}

/** @returns undefined for what is none, or has no literal. */
export function unpackValue(bytes: Buffer): PackedValue | undefined {
  if (bytes.length <= HEAD_BYTES || (bytes.readUInt8(0) & 1) === 0) return undefined;
  const meta = bytes.readUInt8(HEAD_BYTES);
  const hasCompatible = (meta & 3) !== 0;
  const start = HEAD_BYTES + 1 + (TOTAL_BYTES[meta & 3] as number);
  const end = bytes.indexOf(0, start);
  if ((meta & HAS_LITERAL) === 0 || end === -1 || end - start > MAX_LITERAL_BYTES) return undefined;
  const literal = bytes.subarray(start, end);
  const type = parseTypeLiteral(literal);
  if (type === undefined || headOf(literal) !== bytes.readUInt32LE(0)) return undefined;
  const data = bytes.subarray(end + 1);
  const reader = new WireReader(data, WIDTHS[(meta >> 3) & 3] as LengthBytes);
  try {
    const value = reader.read(type);
    const compatible = data.subarray(reader.at);
    if (!hasCompatible && compatible.length > 0) return undefined;
    return { literal, value, compatible, hasCompatible };
  } catch {
    return undefined;
  }
}

function assemble(literal: Uint8Array, data: Buffer, widthBits: number, compatible?: Buffer): Buffer {
  const contentBytes = HEAD_BYTES + 1 + literal.length + 1 + data.length + (compatible?.length ?? 0);
  const totalBits = compatible === undefined ? 0 : contentBytes + 2 < 65_536 ? 1 : 2;
  const totalBytes = TOTAL_BYTES[totalBits] as number;
  const bytes = Buffer.alloc(contentBytes + totalBytes);
  bytes.writeUInt32LE(headOf(literal), 0);
  bytes.writeUInt8((widthBits << 3) | HAS_LITERAL | totalBits, HEAD_BYTES);
  if (totalBytes > 0) bytes.writeUIntLE(bytes.length, HEAD_BYTES + 1, totalBytes);
  let at = HEAD_BYTES + 1 + totalBytes;
  bytes.set(literal, at);
  at += literal.length + 1;
  at += data.copy(bytes, at);
  compatible?.copy(bytes, at);
  return bytes;
}

/** The hash of the type, whose lowest bit says that a meta byte follows. */
function headOf(literal: Uint8Array): number {
  const text = Buffer.from(literal.buffer, literal.byteOffset, literal.length).toString('latin1');
  const known = heads.get(text);
  if (known !== undefined) return known;
  const head = (md5Start(literal) | 1) >>> 0;
  if (heads.size < MAX_HEADS) heads.set(text, head);
  return head;
}

/** The first four bytes of the MD5 digest, as a number. */
export function md5Start(bytes: Uint8Array | string): number {
  return createHash('md5').update(bytes).digest().readUInt32BE(0);
}

function unknownType(literal: Uint8Array): KvError {
  const hex = Buffer.from(literal).toString('hex');
  return new KvError('KV_INPUT_MOONCAKE', `${hex} is no type of struct_pack that can be written`, {
    kind: 'input',
    remedy: 'Give the literal of a type that is in use: this is a mistake in kvnest.',
  });
}
