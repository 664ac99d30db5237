import { isUtf8 } from 'node:buffer';
import { ChunkKey } from '../chunk-key/chunk-key.js';

/** Starts the name of every key that cannot stand for itself. */
const ESCAPE = 'kvnest:';
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const PRINTABLE_ASCII = /^[ -~]+$/;
const ESCAPED = /^kvnest:(\d{1,10}):((?:[0-9a-f]{2})*)$/;

/**
 * The name of a chunk in a store that knows only text. An LMCache key is its own name, so that LMCache finds it; a
 * key in another namespace, one that is not printable text, and one that looks like an escaped name become
 * `kvnest:<namespace>:<hex>`. Different keys have different names.
 */
export function formatStoreKey({ bytes, namespace }: ChunkKey): string {
  if (namespace === 0) {
    const ascii = bytes.toString('latin1');
    // Nearly every key: nothing else has to be known of it.
    const text = PRINTABLE_ASCII.test(ascii) ? ascii : printableText(bytes);
    if (text?.startsWith(ESCAPE) === false) return text;
  }
  return `${ESCAPE}${namespace}:${bytes.toString('hex')}`;
}

function printableText(bytes: Buffer): string | undefined {
  if (bytes.length === 0 || !isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return CONTROL.test(text) ? undefined : text;
}

/** @returns undefined for a name that `formatStoreKey` never gives. */
export function parseStoreKey(name: string): ChunkKey | undefined {
  if (!name.startsWith(ESCAPE)) return name === '' ? undefined : ChunkKey.of(name);
  const [, namespace, hex] = ESCAPED.exec(name) ?? [];
  if (namespace === undefined || hex === undefined) return undefined;
  const key = new ChunkKey(Buffer.from(hex, 'hex'), Number(namespace));
  return formatStoreKey(key) === name ? key : undefined;
}
