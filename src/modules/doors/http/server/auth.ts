import { KvError } from '../../../../common/errors/kv-error.js';
import { type DoorSecret } from '../../door-secret.js';

/** Paths that answer without a token: probes of orchestrators, and documentation, which holds no data. */
const PUBLIC_PATHS = /^\/(?:health\/(?:live|ready)|healthcheck|docs(?:-json|-yaml)?|docs\/.*)(?:\?|$)/;

/** Checks `Authorization: Bearer <token>`. */
export class BearerAuth {
  constructor(private readonly secret: DoorSecret) {}

  /** @returns what is wrong with a request, or undefined. */
  check(url: string, authorization: string | undefined): KvError | undefined {
    const given = authorization === undefined ? null : /^Bearer +(.+)$/i.exec(authorization);
    if (given !== null && this.secret.matches(given[1] ?? '')) return undefined;
    if (PUBLIC_PATHS.test(url)) return undefined;
    if (authorization === undefined) {
      return new KvError('KV_AUTH_REQUIRED', 'this server asks for a token', {
        kind: 'input',
        remedy: 'send Authorization: Bearer <auth.token of the server>',
      });
    }
    return new KvError('KV_AUTH_WRONG', 'the token is not the one of this server', { kind: 'input' });
  }
}
