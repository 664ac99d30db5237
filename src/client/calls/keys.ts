import { clientInput } from '../client-errors.js';

const MAX_KEY_BYTES = 4096;

/** @throws KV_CLIENT_INPUT */
export function keyBytes(key: string | Uint8Array): Uint8Array {
  // In UTF-8 it would be the same as others.
  if (typeof key === 'string' && !key.isWellFormed()) throw clientInput('A key has a lone surrogate');
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  if (!(bytes instanceof Uint8Array)) throw clientInput('A key is text or bytes');
  if (bytes.length === 0 || bytes.length > MAX_KEY_BYTES)
    throw clientInput(`A key has 1 to ${MAX_KEY_BYTES} bytes, this one ${bytes.length}`);
  return bytes;
}
