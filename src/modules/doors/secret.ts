import { createHash, timingSafeEqual } from 'node:crypto';

/** A token that clients must present. Comparing takes the same time for everything that is wrong. */
export class Secret {
  readonly #digest: Buffer;

  constructor(text: string) {
    this.#digest = sha256(text);
  }

  matches(given: string | Buffer): boolean {
    return timingSafeEqual(sha256(given), this.#digest);
  }
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
