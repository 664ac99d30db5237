import { KvError } from '../common/errors/kv-error.js';

const MAX_TEXT = 300;

/** The store does not answer: refused, reset, no route, name unknown. */
export function remoteUnreachable(store: string, cause?: unknown): KvError {
  return new KvError('KV_REMOTE_UNREACHABLE', `${store} cannot be reached${reason(cause)}`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'Check that the store runs and that its address is right.',
    cause,
  });
}

/** One side does not take the other: credentials, permissions, certificates, an unknown database. */
export function remoteRefused(store: string, message: string, cause?: unknown): KvError {
  return new KvError('KV_REMOTE_REFUSED', `${store} refused: ${oneLine(message)}`, {
    kind: 'config',
    remedy: 'Check user, password, permissions, certificates and database of the tier and of the store.',
    cause,
  });
}

/** The store reported a failure of its own. */
export function remoteFailed(
  store: string,
  message: string,
  options: { retryable: boolean; cause?: unknown },
): KvError {
  return new KvError('KV_REMOTE_FAILED', `${store} failed: ${oneLine(message)}`, {
    kind: 'unavailable',
    remedy: 'See the log of the store.',
    ...options,
  });
}

/** The store sent what its protocol does not allow. */
export function remoteProtocol(store: string, message: string): KvError {
  return new KvError('KV_REMOTE_PROTOCOL', `${store} does not speak its protocol: ${oneLine(message)}`, {
    kind: 'unavailable',
    remedy: 'Check that the scheme of the URL names the kind of store that listens there.',
  });
}

export function remoteTimeout(store: string, operation: string, timeoutMs: number): KvError {
  return new KvError('KV_REMOTE_TIMEOUT', `${store} did not answer ${operation} within ${timeoutMs} ms`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'Check the load of the store and of the network, or allow more time.',
  });
}

/** Called before `connect` or after `close`. */
export function remoteClosed(store: string): KvError {
  return new KvError('KV_REMOTE_CLOSED', `The connector of ${store} is closed`, {
    kind: 'unavailable',
    remedy: 'Call connect() first, and nothing after close().',
  });
}

/** A method was called that needs a capability which the connector has not. */
export function remoteUnsupported(store: string, capability: string): KvError {
  return new KvError('KV_REMOTE_UNSUPPORTED', `The connector of ${store} has no capability "${capability}"`, {
    kind: 'internal',
    remedy: 'Look at its capabilities before you call.',
  });
}

/** The caller took the call back. */
export function remoteAborted(store: string): KvError {
  return new KvError('KV_REMOTE_ABORTED', `The call to ${store} was taken back`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'None: nobody waits for the answer.',
  });
}

/** Too much was asked of the store at once. */
export function remoteOverloaded(store: string, message: string): KvError {
  return new KvError('KV_REMOTE_OVERLOADED', `${store} is asked for too much at once: ${message}`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'Allow more calls or bytes at once, or ask for less.',
  });
}

/** The store was out of order lately, and is not asked for a while. */
export function remoteCircuitOpen(store: string): KvError {
  return new KvError('KV_REMOTE_CIRCUIT_OPEN', `${store} was out of order and is not asked for now`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'See the last error of the store in the log; it is tried again by itself.',
  });
}

function reason(cause: unknown): string {
  return cause instanceof Error && cause.message !== '' ? `: ${oneLine(cause.message)}` : '';
}

/** What a store says goes into the log and on terminals: one line of some length, without control characters. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)} …` : line;
}
