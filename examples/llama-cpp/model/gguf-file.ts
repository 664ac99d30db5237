import { open } from 'node:fs/promises';
import { type GgufValue, encodeString, encodeValue, u32, u64 } from './gguf-value.ts';

const VERSION = 3;
const ALIGNMENT = 32;

/** The element types this writer knows, by their number in the format. */
export const TENSOR_TYPES = { f32: 0, f16: 1 } as const;

export interface GgufTensor {
  readonly name: string;
  readonly type: keyof typeof TENSOR_TYPES;
  /** Fastest dimension first: `[columns, rows]`. */
  readonly shape: readonly number[];
  /** Makes the bytes when it is their turn to be written. */
  readonly bytes: () => Buffer;
}

/** Writes a GGUF v3 file: metadata, the tensors' names and places, then the tensors, one in memory at a time. */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const entries = Object.entries(metadata);
  const head = [Buffer.from('GGUF'), u32(VERSION), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) head.push(encodeString(key), encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    head.push(encodeString(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64));
    head.push(u32(TENSOR_TYPES[tensor.type]), u64(offset));
    offset += padded(tensorBytes(tensor));
  }
  await using file = await open(path, 'w');
  await file.write(padEnd(Buffer.concat(head)));
  for (const tensor of tensors) await file.write(padEnd(tensor.bytes()));
}

function tensorBytes(tensor: GgufTensor): number {
  return tensor.shape.reduce((product, dimension) => product * dimension, tensor.type === 'f32' ? 4 : 2);
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function padEnd(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], padded(bytes.length));
}
