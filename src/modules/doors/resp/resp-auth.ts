import { createHash, timingSafeEqual } from 'node:crypto';

const DEFAULT_USER = 'default';

/** The one password of the door, which is the server's token. */
export class RespAuth {
  readonly #digest: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : digest(Buffer.from(token, 'utf8'));
  }

  /** Whether clients must authenticate. */
  get required(): boolean {
    return this.#digest !== undefined;
  }

  /** Takes the same time for every wrong password. Without a token, any password of the default user is right. */
  accepts(user: Buffer | undefined, password: Buffer): boolean {
    if (user !== undefined && user.toString('utf8') !== DEFAULT_USER) return false;
    return this.#digest === undefined || timingSafeEqual(this.#digest, digest(password));
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
