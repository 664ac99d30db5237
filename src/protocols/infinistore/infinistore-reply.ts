export const INFINISTORE_CODES = {
  FINISHED: 200,
  INVALID_REQUEST: 400,
  NOT_FOUND: 404,
  INTERNAL_ERROR: 500,
  SYSTEM_ERROR: 503,
  NO_ROOM: 507,
} as const;

const KNOWN_CODES = new Set<number>(Object.values(INFINISTORE_CODES));
const CODE_BYTES = 4;

/** What follows the code of a reply, when it is FINISHED: nothing, a number, or a value behind its length. */
export type InfinistoreReplyKind = 'code' | 'number' | 'value';

export interface InfinistoreReply {
  readonly code: number;
  /** The number, or the length of the value; 0 where there is none. */
  readonly number: number;
}

/**
 * Reads what stands in front of the bytes of a value: replies do not say what they answer. Behind any code but FINISHED
 * nothing follows.
 */
export class InfinistoreReplyParser {
  readonly #bytes = Buffer.alloc(2 * CODE_BYTES);
  #filled = 0;
  #kind: InfinistoreReplyKind = 'code';

  /** The next reply answers a request of this kind. */
  expect(kind: InfinistoreReplyKind): void {
    this.#kind = kind;
    this.#filled = 0;
  }

  /** No more may be read at once: what follows may be a value. */
  get missingBytes(): number {
    return (this.#kind === 'code' ? CODE_BYTES : 2 * CODE_BYTES) - this.#filled;
  }

  /**
   * @param bytes at most `missingBytes`.
   * @returns the reply when it is whole, and what is wrong with it when it is none.
   */
  push(bytes: Buffer): InfinistoreReply | string | undefined {
    this.#filled += bytes.copy(this.#bytes, this.#filled);
    if (this.#filled < CODE_BYTES) return undefined;
    const code = this.#bytes.readInt32LE(0);
    if (!KNOWN_CODES.has(code)) return `the code ${code}`;
    if (code !== INFINISTORE_CODES.FINISHED && this.#filled > CODE_BYTES)
      return `more behind the code ${code}`;
    if (code !== INFINISTORE_CODES.FINISHED || this.#kind === 'code') return { code, number: 0 };
    if (this.#filled < 2 * CODE_BYTES) return undefined;
    const number = this.#bytes.readInt32LE(CODE_BYTES);
    return this.#kind === 'value' && number < 1 ? `a value of ${number} bytes` : { code, number };
  }
}
