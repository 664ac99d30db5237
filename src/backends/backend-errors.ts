import { KvError } from '../common/errors/kv-error.js';

/** An operation came before `open` or after `close`. */
export function backendClosed(name: string): KvError {
  return new KvError('KV_BACKEND_CLOSED', `Backend "${name}" is not open`, {
    kind: 'unavailable',
    remedy: 'Call open() first, and nothing after close().',
  });
}

/** A chunk was put whose bytes may still change. */
export function chunkNotSealed(name: string): KvError {
  return new KvError('KV_BACKEND_UNSEALED', `Backend "${name}" was given a chunk that is not complete`, {
    kind: 'internal',
    remedy: 'Call seal() on the handle first.',
  });
}

/** A method was called that needs a capability which the backend has not. */
export function notSupported(name: string, capability: string): KvError {
  return new KvError('KV_BACKEND_UNSUPPORTED', `Backend "${name}" has no capability "${capability}"`, {
    kind: 'internal',
    remedy: 'Look at its capabilities before you call.',
  });
}
