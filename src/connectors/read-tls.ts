import { readFileSync } from 'node:fs';
import { type ConnectionOptions } from 'node:tls';
import { type ConnectorUrl, urlInvalid } from './connector-url.js';
import { type TlsOptions } from './tls.config.js';

/** @throws KV_CONFIG_INVALID for files that cannot be read. */
export function readTls(url: ConnectorUrl, options: Readonly<TlsOptions>): ConnectionOptions {
  const file = (path: string | undefined): Buffer | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch (error) {
      const what = `names a file that cannot be read: ${(error as Error).message}`;
      throw urlInvalid(url, what, 'Name files in PEM that this process may read.');
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
