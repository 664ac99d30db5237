import { isUtf8 } from 'node:buffer';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey, parseStoreKey } from '../../../protocols/store-key/store-key.js';

/** @returns the chunk whose name stands between prefix and suffix; undefined when no chunk has this name. */
export function parseRedisKey(redisKey: Buffer, prefix: string, suffix: string): ChunkKey | undefined {
  if (!isUtf8(redisKey)) return undefined;
  const text = redisKey.toString('utf8');
  if (!text.startsWith(prefix) || !text.endsWith(suffix)) return undefined;
  const name = text.slice(prefix.length, text.length - suffix.length);
  const key = parseStoreKey(name);
  return key !== undefined && formatStoreKey(key) === name ? key : undefined;
}
