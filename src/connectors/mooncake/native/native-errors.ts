import { KvError } from '../../../common/errors/kv-error.js';
import { isNotLeading, MOONCAKE_CODES } from '../../../protocols/mooncake/mooncake-codes.js';
import { remoteFailed, remoteUnreachable } from '../../connector-errors.js';

const AWAY = new Set<number>([MOONCAKE_CODES.RPC_FAIL, MOONCAKE_CODES.RPC_TIMEOUT]);

/** Mooncake's library is absent, is none, or lacks a part. */
export function libraryUnusable(store: string, why: string): KvError {
  return new KvError('KV_MOONCAKE_LIBRARY', `${store}: Mooncake's library cannot be used: ${why}`, {
    kind: 'config',
    remedy:
      'Set MOONCAKE_STORE_LIBRARY to the path of libmooncake_store.so (Mooncake built with -DWITH_STORE_C_SHARED=ON), or set ' +
      'engine: wire.',
  });
}

/** A device does not take memory. */
export function memoryRefused(store: string, bytes: number, code: number): KvError {
  return new KvError('KV_REMOTE_REFUSED', `${store} refused to register ${bytes} bytes of memory: ${code}`, {
    kind: 'config',
    remedy: 'Check device_name, and that the process may lock so much memory (ulimit -l).',
  });
}

/** What a code of the library means that is no outcome. */
export function libraryFailed(store: string, call: string, code: number): KvError {
  const what = `Mooncake's library answers ${call} with ${code}`;
  return AWAY.has(code) || isNotLeading(code)
    ? remoteUnreachable(store, new Error(what))
    : remoteFailed(store, what, { retryable: true });
}
