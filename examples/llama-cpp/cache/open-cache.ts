import { HttpCache } from './http-cache.ts';
import { type PrefixCache } from './prefix-cache.interface.ts';
import { RespCache } from './resp-cache.ts';

/** The cache behind `url`: the scheme says which door. */
export function openCache(url: string, model: string, chunkTokens: number): PrefixCache {
  const { protocol } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return new HttpCache(url, model, chunkTokens);
  if (protocol === 'redis:' || protocol === 'rediss:') return new RespCache(url, model, chunkTokens);
  throw new Error(`No cache speaks ${protocol} Use http:// or redis://`);
}
