import { ChunkKey, MAX_KEY_BYTES } from '../../protocols/chunk-key/chunk-key.js';

/** Starts the name of every key that cannot stand for itself. */
const ESCAPE = Buffer.from('kvnest:');
const ESCAPED = /^kvnest:((?:[0-9a-f]{2})*)$/;

/**
 * The name of a chunk in its namespace on the wire: the bytes of its key. The empty key, which the wire does not know, and
 * keys that look like an escaped one become `kvnest:<hex>`.
 *
 * @returns undefined for a key that has no name, for it would be too long.
 */
export function wireName({ bytes }: ChunkKey): Buffer | undefined {
  if (bytes.length > 0 && !startsEscape(bytes)) return bytes;
  const name = Buffer.from(`kvnest:${bytes.toString('hex')}`);
  return name.length <= MAX_KEY_BYTES ? name : undefined;
}

/** @returns undefined for a name that `wireName` never gives. */
export function keyOfWireName(name: Buffer, namespace: number): ChunkKey | undefined {
  if (!startsEscape(name)) return new ChunkKey(name, namespace);
  const hex = ESCAPED.exec(name.toString('latin1'))?.[1];
  if (hex === undefined) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  return bytes.length === 0 || startsEscape(bytes) ? new ChunkKey(bytes, namespace) : undefined;
}

function startsEscape(bytes: Buffer): boolean {
  return bytes.length >= ESCAPE.length && bytes.compare(ESCAPE, 0, ESCAPE.length, 0, ESCAPE.length) === 0;
}
