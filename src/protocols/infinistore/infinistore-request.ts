import { KvError } from '../../common/errors/kv-error.js';

/** Lengths are signed on the wire. */
export const MAX_INFINISTORE_VALUE_BYTES = 0x7fffffff;

const MAGIC = 0xdeadbeef;
const HEADER_BYTES = 9;
const OPS = { exists: 'C', matchLastIndex: 'M', remove: 'X', transfer: 'L' } as const;
const TRANSFERS = { put: 'P', get: 'G' } as const;

/**
 * Asks whether there is such a key. Reply: `number`, 0 when there is. A key says that it is there while its value is
 * still on the way.
 *
 * @throws KV_INPUT_INFINISTORE for an empty key.
 */
export function encodeExists(key: string): Buffer {
  const name = Buffer.from(checked(key));
  return Buffer.concat([header(OPS.exists, name.length), name]);
}

/**
 * Asks for the last of these keys that is there, by a binary search: an answer about keys of which all before one that
 * is there are there, too. In any list the key behind the one in the answer is not there. Reply: `number`, -1 for none.
 *
 * @throws KV_INPUT_INFINISTORE for no key, or an empty one.
 */
export function encodeMatchLastIndex(keys: readonly string[]): Buffer {
  return encodeKeys(OPS.matchLastIndex, keys);
}

/** Reply: `number`, how many were there. @throws KV_INPUT_INFINISTORE for no key, or an empty one. */
export function encodeRemove(keys: readonly string[]): Buffer {
  return encodeKeys(OPS.remove, keys);
}

/**
 * So many bytes of a value follow, without waiting. Reply: `code`.
 *
 * @throws KV_INPUT_INFINISTORE for an empty key, and for a length that is none or too long.
 */
export function encodePut(key: string, valueBytes: number): Buffer {
  if (valueBytes < 1 || valueBytes > MAX_INFINISTORE_VALUE_BYTES)
    throw invalid(`a value of ${valueBytes} bytes`);
  return encodeTransfer(key, valueBytes, TRANSFERS.put);
}

/** Reply: `value`. @throws KV_INPUT_INFINISTORE for an empty key. */
export function encodeGet(key: string): Buffer {
  return encodeTransfer(key, 0, TRANSFERS.get);
}

/** The server follows offsets without a look at them, so each FlatBuffer has one layout, which is the tested one. */
function encodeTransfer(key: string, valueBytes: number, transfer: string): Buffer {
  const name = Buffer.from(checked(key));
  const bodyBytes = 36 + padded(name.length + 1);
  const bytes = Buffer.alloc(HEADER_BYTES + bodyBytes);
  header(OPS.transfer, bodyBytes).copy(bytes);
  const body = bytes.subarray(HEADER_BYTES);
  body.writeUInt32LE(16, 0);
  writeUInt16s(body, 4, [10, 16, 4, 8, 12]);
  body.writeInt32LE(12, 16);
  body.writeUInt32LE(12, 20);
  body.writeInt32LE(valueBytes, 24);
  body.write(transfer, 28, 'latin1');
  body.writeUInt32LE(name.length, 32);
  name.copy(body, 36);
  return bytes;
}

function encodeKeys(op: string, keys: readonly string[]): Buffer {
  if (keys.length === 0) throw invalid('a list of no keys');
  const names = keys.map((key) => Buffer.from(checked(key)));
  const slots = 24;
  let at = slots + 4 * names.length;
  const bodyBytes = names.reduce((sum, { length }) => sum + 4 + padded(length + 1), at);
  const bytes = Buffer.alloc(HEADER_BYTES + bodyBytes);
  header(op, bodyBytes).copy(bytes);
  const body = bytes.subarray(HEADER_BYTES);
  body.writeUInt32LE(12, 0);
  writeUInt16s(body, 4, [6, 8, 4]);
  body.writeInt32LE(8, 12);
  body.writeUInt32LE(4, 16);
  body.writeUInt32LE(names.length, 20);
  for (const [i, name] of names.entries()) {
    const slot = slots + 4 * i;
    body.writeUInt32LE(at - slot, slot);
    body.writeUInt32LE(name.length, at);
    name.copy(body, at + 4);
    at += 4 + padded(name.length + 1);
  }
  return bytes;
}

function header(op: string, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.write(op, 4, 'latin1');
  bytes.writeUInt32LE(bodyBytes, 5);
  return bytes;
}

function writeUInt16s(target: Buffer, offset: number, values: readonly number[]): void {
  for (const [i, value] of values.entries()) target.writeUInt16LE(value, offset + 2 * i);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function checked(key: string): string {
  if (key === '') throw invalid('an empty key');
  return key;
}

function invalid(what: string): KvError {
  return new KvError('KV_INPUT_INFINISTORE', `InfiniStore's server would not survive ${what}`, {
    kind: 'input',
    remedy: 'Give keys of at least one byte, and values of 1 to 2147483647 bytes.',
  });
}
