import { KvError } from '../../common/errors/kv-error.js';

/** Its master takes none of the requests that are known here. */
export function mooncakeRefused(store: string, what: string): KvError {
  return new KvError('KV_REMOTE_REFUSED', `${store} refused: ${what}`, {
    kind: 'config',
    remedy: 'Run Mooncake 0.3.12, 0.3.13 or 0.3.14, and check the tenant of the tier.',
  });
}
