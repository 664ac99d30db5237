import { isUtf8 } from 'node:buffer';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';

/** A key as JSON: text, or base64 where it is none. */
export type KeyJson = { readonly namespace: number } & (
  { readonly key: string } | { readonly key_base64: string }
);

// eslint-disable-next-line no-control-regex -- a key with these is no text: each takes six bytes in JSON
const CONTROL = /[\u0000-\u001f\u007f]/;

export function keyJson({ bytes, namespace }: ChunkKey): KeyJson {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  return text === undefined || CONTROL.test(text)
    ? { key_base64: bytes.toString('base64'), namespace }
    : { key: text, namespace };
}
