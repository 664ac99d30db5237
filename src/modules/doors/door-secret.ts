import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const ISSUED_TOKEN_BYTES = 32;

/** A token that counts as much as that of the configuration, for as long as its holder lives. */
export interface IssuedToken {
  readonly text: string;
  revoke(): void;
}

/** What clients of this server must present: the token of the configuration, or one that was issued since. */
export class DoorSecret {
  readonly #digests = new Set<Buffer>();

  /** @param token undefined: the doors ask for none. */
  constructor(token: string | undefined) {
    if (token !== undefined) this.#digests.add(sha256(token));
    this.required = token !== undefined;
  }

  readonly required: boolean;

  /** Comparing takes the same time for everything that is wrong. Without a token everything is right. */
  matches(given: string | Buffer): boolean {
    if (!this.required) return true;
    const digest = sha256(given);
    for (const known of this.#digests) if (timingSafeEqual(digest, known)) return true;
    return false;
  }

  /** @returns undefined when the doors ask for none. */
  issue(): IssuedToken | undefined {
    if (!this.required) return undefined;
    const text = randomBytes(ISSUED_TOKEN_BYTES).toString('hex');
    const digest = sha256(text);
    this.#digests.add(digest);
    return { text, revoke: () => void this.#digests.delete(digest) };
  }
}

export const DOOR_SECRET = Symbol.for('kvnest:DoorSecret');

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
