import { CacheClient } from './cache-client.js';
import { isOutage } from './client-errors.js';
import { Cluster } from './cluster/cluster.js';
import { type ConnectOptions, type KvnestClient } from './kvnest-client.interface.js';
import { clientSettings } from './options/client-settings.js';

/**
 * Connects to a cache: `kvnest://[token@]host[:port][,host[:port]…][?model=…&namespace=…&timeout_ms=…]`, `kvnests://` over TLS.
 * It settles when one server has answered; where an outage is to be a miss, also when none can be reached, and the client
 * goes on trying.
 *
 * @throws KV_CLIENT_URL, KV_CLIENT_INPUT, KV_CLIENT_UNAVAILABLE, and where no server takes this client, why: KV_AUTH_WRONG,
 * KV_TCP_VERSION.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<KvnestClient> {
  const settings = clientSettings(url, options);
  const { signal } = options;
  signal?.throwIfAborted();
  const cluster = new Cluster(settings);
  const onAbort = (): void => void cluster.close();
  signal?.addEventListener('abort', onAbort);
  try {
    await cluster.reached().catch((error: unknown) => {
      signal?.throwIfAborted();
      if (!settings.missesOutages || !isOutage(error)) throw error;
    });
    return new CacheClient(cluster, settings);
  } catch (error) {
    await cluster.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
