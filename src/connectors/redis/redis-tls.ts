import { readFileSync } from 'node:fs';
import { type ConnectionOptions } from 'node:tls';
import { type ConnectorUrl } from '../connector-url.js';
import { badRedisUrl } from './redis-url.js';
import { type RedisOptions } from './redis.config.js';

/** @throws KV_CONFIG_INVALID for files that cannot be read. */
export function readRedisTls(url: ConnectorUrl, options: RedisOptions): ConnectionOptions {
  const file = (path: string | undefined): Buffer | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch (error) {
      throw badRedisUrl(url, `names a file that cannot be read: ${(error as Error).message}`);
    }
  };
  const { tls_servername: servername, tls_reject_unauthorized: rejectUnauthorized } = options;
  return {
    rejectUnauthorized,
    ca: file(options.tls_ca),
    cert: file(options.tls_cert),
    key: file(options.tls_key),
    ...(servername !== undefined && { servername }),
  };
}
