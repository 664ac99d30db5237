import { createHash, timingSafeEqual } from 'node:crypto';
import { KvError } from '../../../../common/errors/kv-error.js';

/** Paths that answer without a token: probes of orchestrators, and documentation, which holds no data. */
const PUBLIC_PATHS = /^\/(?:health\/(?:live|ready)|healthcheck|docs(?:-json|-yaml)?|docs\/.*)(?:\?|$)/;

/** Checks `Authorization: Bearer <token>` in constant time. */
export class BearerAuth {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = sha256(token);
  }

  /** @returns what is wrong with a request, or undefined. */
  check(url: string, authorization: string | undefined): KvError | undefined {
    const given = authorization === undefined ? null : /^Bearer +(.+)$/i.exec(authorization);
    if (given !== null && timingSafeEqual(sha256(given[1] ?? ''), this.#digest)) return undefined;
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

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
