import { Secret } from '../secret.js';

const DEFAULT_USER = 'default';

/** The one password of the door, which is the server's token. */
export class RespAuth {
  readonly #token: Secret | undefined;

  constructor(token: string | undefined) {
    this.#token = token === undefined ? undefined : new Secret(token);
  }

  /** Whether clients must authenticate. */
  get required(): boolean {
    return this.#token !== undefined;
  }

  /** Without a token, any password of the default user is right. */
  accepts(user: Buffer | undefined, password: Buffer): boolean {
    if (user !== undefined && user.toString('utf8') !== DEFAULT_USER) return false;
    return this.#token?.matches(password) ?? true;
  }
}
