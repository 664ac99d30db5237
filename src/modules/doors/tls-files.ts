import { readFileSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { KvError } from '../../common/errors/kv-error.js';
import { type TcpDoorLimits } from '../../config/kvnest-config.interface.js';

/** Reads the files of `doors.tcp.tls_…`. @throws KV_CONFIG_TLS */
export function loadTls({ tls }: TcpDoorLimits): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const cert = read('tls_cert', tls.cert);
  const key = read('tls_key', tls.key);
  const ca = tls.clientCa === undefined ? undefined : read('tls_client_ca', tls.clientCa);
  const options: TlsOptions = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw tlsError(
      'doors.tcp.tls_cert, tls_key and tls_client_ca are no certificates and key that fit',
      error,
    );
  }
  return options;
}

function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw tlsError(`doors.tcp.${setting}: ${path} cannot be read`, error);
  }
}

function tlsError(what: string, cause: unknown): KvError {
  return new KvError('KV_CONFIG_TLS', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    kind: 'config',
    remedy: 'Name files in PEM that this process may read: a certificate and the key that belongs to it.',
    cause,
  });
}
