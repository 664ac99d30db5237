import { type KvError } from '../../common/errors/kv-error.js';
import { RespErrorReply, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { remoteFailed, remoteRefused } from '../connector-errors.js';

/** The user, the password or the permissions are not right, or none were given. */
const REFUSALS = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'NOPROTO']);
/** The same command may succeed later, or at another server. */
const PASSING = new Set([
  'OOM',
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'BUSY',
  'MISCONF',
  'NOREPLICAS',
  'UNBLOCKED',
]);
const CONNECTION_LIMIT = 'max number of clients reached';

/** @returns what an error reply means to the caller of a connector. */
export function respError(store: string, reply: RespErrorReply): KvError {
  const { code } = reply;
  const message = withoutArguments(reply.message);
  if (REFUSALS.has(code)) return remoteRefused(store, message);
  const retryable = PASSING.has(code) || message.includes(CONNECTION_LIMIT);
  const hint = code === 'MOVED' ? ' (it belongs to a cluster: redis-cluster://)' : '';
  return remoteFailed(store, message + hint, { retryable });
}

/** Redis repeats the arguments of a command it does not know: a password, or bytes of a chunk. */
export function withoutArguments(message: string): string {
  return message.replace(/, with args beginning with.*$/s, '');
}

/** @throws what the first error among the replies means. */
export function expectNoError(store: string, replies: readonly RespValue[]): void {
  const error = replies.find((reply) => reply instanceof RespErrorReply);
  if (error !== undefined) throw respError(store, error);
}
