import { Text } from '../../config/schema/setting.decorators.js';
import { TlsOptions } from '../tls.config.js';

/** How another kvnest lets one in: options of whatever speaks to one. */
export class KvnestAccessOptions extends TlsOptions {
  /** `auth.token` of the server, where the URL does not say it. */
  @Text({ numbers: true })
  token?: string;

  /** The environment variable that holds it. */
  @Text()
  token_env?: string;
}
