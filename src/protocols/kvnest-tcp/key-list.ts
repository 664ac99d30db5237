import { frameError } from './frame.js';

/** Most keys of one request. */
export const MAX_KEYS = 10_000;

/** Bits of the option of `EXISTS`. */
export const EXISTS_OPTIONS = { LEASE: 1, WITH_METADATA: 2, LOCAL: 4 } as const;

/** Bits of the option of `GET`. */
export const GET_OPTIONS = { ATTRIBUTES: 1, LOCAL: 2 } as const;

const LIST_BYTES = 12;
const LENGTH_BYTES = 2;

/** The header of requests about keys: `u32 namespace | u32 option | u32 count | count × (u16 length | bytes)`. */
export interface KeyList {
  readonly namespace: number;
  /** `EXISTS`, `GET`: bits, as above. `PIN`: for how many milliseconds, 0 = the server's default. Else 0. */
  readonly option: number;
  readonly keys: readonly Buffer[];
}

/** @returns how many bytes the header takes. */
export function keyListBytes(keys: readonly Uint8Array[]): number {
  let bytes = LIST_BYTES + LENGTH_BYTES * keys.length;
  for (const key of keys) bytes += key.length;
  return bytes;
}

/** Writes the header at `offset`; there is room for `keyListBytes`. */
export function writeKeyList(
  target: Buffer,
  offset: number,
  { namespace, option, keys }: { namespace: number; option: number; keys: readonly Uint8Array[] },
): void {
  target.writeUInt32LE(namespace, offset);
  target.writeUInt32LE(option, offset + 4);
  target.writeUInt32LE(keys.length, offset + 8);
  let at = offset + LIST_BYTES;
  for (const key of keys) {
    target.writeUInt16LE(key.length, at);
    target.set(key, at + LENGTH_BYTES);
    at += LENGTH_BYTES + key.length;
  }
}

/** What stands in front of the keys. */
export interface KeyListHead extends Omit<KeyList, 'keys'> {
  readonly count: number;
}

/** @throws KV_TCP_FRAME */
export function readKeyListHead(header: Buffer): KeyListHead {
  if (header.length < LIST_BYTES) throw frameError('a list of keys that is cut off');
  const count = header.readUInt32LE(8);
  if (count > MAX_KEYS) throw frameError(`a list of ${count} keys, more than ${MAX_KEYS}`);
  return { namespace: header.readUInt32LE(0), option: header.readUInt32LE(4), count };
}

/**
 * Calls `visit` with the place of each key in `header`.
 *
 * @throws KV_TCP_FRAME, perhaps after some calls.
 */
export function eachKey(
  header: Buffer,
  count: number,
  visit: (start: number, lengthBytes: number) => void,
): void {
  let at = LIST_BYTES;
  for (let i = 0; i < count; i++) {
    const start = at + LENGTH_BYTES;
    if (start > header.length) throw frameError('a list of keys that is cut off');
    const lengthBytes = (header[at] as number) | ((header[at + 1] as number) << 8);
    at = start + lengthBytes;
    if (at > header.length) throw frameError('a list of keys that is cut off');
    visit(start, lengthBytes);
  }
  if (at !== header.length) throw frameError('bytes behind a list of keys');
}

/**
 * @returns the keys as views of `header`.
 * @throws KV_TCP_FRAME
 */
export function readKeyList(header: Buffer): KeyList {
  const { namespace, option, count } = readKeyListHead(header);
  const keys: Buffer[] = [];
  eachKey(header, count, (start, lengthBytes) => keys.push(header.subarray(start, start + lengthBytes)));
  return { namespace, option, keys };
}
