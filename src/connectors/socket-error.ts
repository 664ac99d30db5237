import { type KvError } from '../common/errors/kv-error.js';
import { remoteProtocol, remoteRefused, remoteUnreachable } from './connector-errors.js';

/** What Node and OpenSSL say of a certificate, the server's or ours, that the other side does not take. */
const CERTIFICATE = /CERT|UNKNOWN_CA|UNABLE_TO_VERIFY/;

/** @returns what an error of a socket means to the caller of a connector. */
export function socketError(store: string, error: Error & { readonly code?: unknown }): KvError {
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER') return remoteProtocol(store, 'it does not speak TLS');
  const isRefusal = typeof error.code === 'string' && CERTIFICATE.test(error.code);
  return isRefusal ? remoteRefused(store, error.message, error) : remoteUnreachable(store, error);
}
