import { ByteReader } from './byte-reader.ts';
import { type KvLayout, type KvRows, tensorsOf } from './kv-layout.ts';
import { StateFormatError } from './state-error.ts';

const MAGIC = 0x67677371;
const VERSION = 3;

/** The state of one sequence, as llama.cpp saves it. */
export interface SequenceState {
  readonly tokens: readonly number[];
  readonly layout: KvLayout;
  /** The rows of each tensor of the layout, in its order: `tokens.length` rows, views of the file's bytes. */
  readonly tensors: readonly Buffer[];
}

/**
 * Takes a state file apart. Rows are not copied.
 * @throws StateFormatError for a file of another version, and for the state of a model that cannot be cut by tokens.
 */
export function parseState(file: Buffer): SequenceState {
  const reader = new ByteReader(file);
  expectEqual('magic number', reader.u32(), MAGIC);
  expectEqual('version', reader.u32(), VERSION);
  const tokenCount = reader.u32();
  const tokens = Array.from({ length: tokenCount }, () => reader.i32());
  expectEqual('number of streams', reader.u32(), 1);
  expectEqual('number of cells', reader.u32(), tokenCount);
  for (let position = 0; position < tokenCount; position++) readCell(reader, position);
  const transposed = reader.u32();
  const layers = reader.u32();
  if (transposed !== 0) throw new StateFormatError('The values are transposed (turn flash attention on)');
  const tensors: Buffer[] = [];
  const keys = Array.from({ length: layers }, () => readRows(reader, tokenCount, tensors));
  const values = Array.from({ length: layers }, () => readRows(reader, tokenCount, tensors));
  if (reader.remaining > 0)
    throw new StateFormatError(`The state has ${reader.remaining} bytes more than one cache`);
  return { tokens, layout: { keys, values }, tensors };
}

function readCell(reader: ByteReader, position: number): void {
  expectEqual('position of a cell', reader.i32(), position);
  expectEqual('number of sequences of a cell', reader.u32(), 1);
  reader.take(4);
}

function readRows(reader: ByteReader, count: number, tensors: Buffer[]): KvRows {
  const rows = { type: reader.i32(), rowBytes: reader.u64() };
  tensors.push(reader.take(count * rows.rowBytes));
  return rows;
}

function expectEqual(what: string, found: number, expected: number): void {
  if (found !== expected) throw new StateFormatError(`The ${what} in the state is ${found}, not ${expected}`);
}

/**
 * The pieces of a state file that holds `tokens`, in order. `rows[i]` are pieces that add up to the rows of tensor
 * `i` of the layout; they are passed on, not copied.
 */
export function buildState(
  tokens: readonly number[],
  layout: KvLayout,
  rows: readonly (readonly Buffer[])[],
): Buffer[] {
  const pieces = [words(MAGIC, VERSION, tokens.length, ...tokens, 1, tokens.length)];
  for (let position = 0; position < tokens.length; position++) pieces.push(words(position, 1, 0));
  pieces.push(words(0, layout.keys.length));
  tensorsOf(layout).forEach(({ type, rowBytes }, tensor) => {
    pieces.push(words(type, rowBytes, Math.floor(rowBytes / 2 ** 32)), ...(rows[tensor] ?? []));
  });
  return pieces;
}

/** Little-endian 32-bit words; negative ones as two's complement. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4));
  return bytes;
}
