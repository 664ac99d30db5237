import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { type RespAddress } from '../../resp-client/resp-address.js';
import { type RedisSettings } from '../redis-settings.js';

type WatchSettings = Pick<
  RedisSettings,
  'addresses' | 'sentinelCredentials' | 'serviceName' | 'tls' | 'connectTimeoutMs'
>;

const SWITCH = '+switch-master';
const MAX_RECONNECT_MS = 5_000;
const DISCONNECT_MS = 100;

/** Listens at every sentinel for the news of a new master; ioredis keeps these connections up. */
export class SentinelWatch {
  readonly #clients: readonly Redis[];

  /** @param onSwitch once for each sentinel that tells. */
  constructor(
    settings: WatchSettings,
    private readonly onSwitch: (master: RespAddress) => void,
  ) {
    this.#clients = settings.addresses.map((address) => this.#listen(address, settings));
  }

  close(): void {
    for (const client of this.#clients) client.disconnect();
  }

  #listen(address: RespAddress, settings: WatchSettings): Redis {
    const { sentinelCredentials, serviceName, tls, connectTimeoutMs } = settings;
    const named = 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
    const client = new Redis({
      ...('socketPath' in address ? { path: address.socketPath } : address),
      username: sentinelCredentials.user,
      password: sentinelCredentials.password,
      tls: tls && { ...named, ...tls },
      connectTimeout: connectTimeoutMs,
      // ioredis waits so long after `close`, also where there is no connection to end.
      disconnectTimeout: DISCONNECT_MS,
      retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_MS),
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      connectionName: 'kvnest',
    });
    // A sentinel that is away is one less to tell.
    client.on('error', () => undefined);
    client.on('message', (_channel: string, news: string) => {
      const [name, , , host, port] = news.split(' ');
      if (name === serviceName && host !== undefined) this.onSwitch({ host, port: Number(port) });
    });
    client.subscribe(SWITCH).catch(() => undefined);
    return client;
  }
}
