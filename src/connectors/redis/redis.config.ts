import { Flag, OneOf, Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { TlsOptions } from '../tls.config.js';

/** What a Redis tier may be told, in `options` or as parameters of its URL. */
export class RedisOptions extends TlsOptions {
  /** How chunks lie in Redis: as LMCache has them, or one sealed value each. */
  @OneOf('lmcache', 'sealed')
  layout: 'lmcache' | 'sealed' = 'lmcache';

  /** Connections for values, to each server. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 4;

  /** How long a connection may take to be made and signed in. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  socket_connect_timeout_ms?: number;

  /** Number of the database, where the URL's path does not say it. */
  @WholeNumber({ min: 0, max: 1_000_000 })
  db?: number;

  @Text({ numbers: true })
  username?: string;

  @Text({ numbers: true })
  password?: string;

  /** The environment variable that holds the password. */
  @Text()
  password_env?: string;

  /** Sentinel: the name of the master. */
  @Text()
  service_name?: string;

  /** Sentinel: how one signs in to the sentinels themselves. */
  @Text({ numbers: true })
  sentinel_username?: string;

  @Text({ numbers: true })
  sentinel_password?: string;

  /** Speak TLS where the scheme does not say it: Sentinel and Cluster. */
  @Flag()
  tls?: boolean;
}
