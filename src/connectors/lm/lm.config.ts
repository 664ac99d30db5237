import { OneOf, WholeNumber } from '../../config/schema/setting.decorators.js';

/** Parameters of an `lm://` URL, and `options` of its tier. */
export class LmOptions {
  /** Connections, each with one request on its way. The server gives each a thread. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 4;

  /** How long connecting may take. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  connect_timeout_ms = 5_000;

  /** `lmcache`: the keys that LMCache's own server can read, others are `rejected`; `any`: the server is a kvnest. */
  @OneOf('lmcache', 'any')
  keys: 'lmcache' | 'any' = 'lmcache';
}
