import { isKvError, type KvError } from '../../common/errors/kv-error.js';
import {
  remoteClosed,
  remoteFailed,
  remoteProtocol,
  remoteRefused,
  remoteUnreachable,
} from '../connector-errors.js';
import { socketError } from '../socket-error.js';

/** Who we are, or how we speak, is not what the server takes. */
const REFUSALS = new Set<string>(['KV_AUTH_WRONG', 'KV_AUTH_REQUIRED', 'KV_TCP_VERSION']);
const NOT_THE_PROTOCOL = new Set<string>(['KV_CLIENT_PROTOCOL', 'KV_TCP_FRAME', 'KV_TCP_PATTERN']);

/** @returns what an error of the client, or of a server, means to the caller of a connector. */
export function kvnestError(store: string, error: unknown): KvError {
  if (!isKvError(error)) return remoteFailed(store, String(error), { retryable: true, cause: error });
  const { code, message, retryable, cause } = error;
  if (code.startsWith('KV_REMOTE_')) return error;
  if (REFUSALS.has(code)) return remoteRefused(store, message, error);
  if (NOT_THE_PROTOCOL.has(code)) return remoteProtocol(store, message);
  switch (code) {
    case 'KV_CLIENT_UNAVAILABLE':
      return unavailable(store, cause);
    case 'KV_CLIENT_CLOSED':
      return remoteClosed(store);
    default:
      return remoteFailed(store, `${code}: ${message}`, { retryable, cause: error });
  }
}

function unavailable(store: string, cause: unknown): KvError {
  if (isKvError(cause, 'KV_CLIENT_TIMEOUT')) return remoteUnreachable(store, cause);
  if (isKvError(cause)) return kvnestError(store, cause);
  if (typeof cause === 'object' && cause !== null) return socketError(store, cause as Error);
  return remoteUnreachable(store, new Error(String(cause)));
}
