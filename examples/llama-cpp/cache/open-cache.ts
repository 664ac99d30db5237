import { HttpCache } from './http-cache.ts';
import { type PrefixCache } from './prefix-cache.interface.ts';
import { RespCache } from './resp-cache.ts';
import { TcpCache } from './tcp-cache.ts';

/** The cache behind `url`: the scheme says which door. */
export function openCache(url: string, model: string, chunkTokens: number): PrefixCache {
  // Of a list of servers, which a URL of kvnest:// may have, `URL` makes nothing.
  const [protocol = ''] = /^[a-z]+:/i.exec(url) ?? [];
  if (protocol === 'http:' || protocol === 'https:') return new HttpCache(url, model, chunkTokens);
  if (protocol === 'redis:' || protocol === 'rediss:') return new RespCache(url, model, chunkTokens);
  if (protocol === 'kvnest:' || protocol === 'kvnests:') return new TcpCache(url, model, chunkTokens);
  throw new Error(`No cache speaks ${protocol} Use http://, redis:// or kvnest://`);
}
