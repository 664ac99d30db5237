import { digest128 } from './digest.js';

/** The longest key accepted, in bytes. */
export const MAX_KEY_BYTES = 4096;

/** The seeded digest of a key, in four unsigned words. Every `ChunkKey` is one. */
export interface KeyDigest {
  readonly d0: number;
  readonly d1: number;
  readonly d2: number;
  readonly d3: number;
}

/**
 * Names one chunk. Made once, at the door: the key's own bytes (an LMCache key string, or any bytes a RESP client
 * sends), the namespace (RESP `SELECT n`; 0 everywhere else) and a seeded 128-bit digest of both. Indexes, leases
 * and policies work on the digest; the bytes are compared on every hit.
 */
export class ChunkKey implements KeyDigest {
  readonly d0: number;
  readonly d1: number;
  readonly d2: number;
  readonly d3: number;
  #id: string | undefined;

  /** @param bytes kept, not copied: the caller must not change them afterwards. */
  constructor(
    readonly bytes: Buffer,
    readonly namespace = 0,
  ) {
    const digest = digest128(bytes, namespace);
    this.d0 = digest[0] as number;
    this.d1 = digest[1] as number;
    this.d2 = digest[2] as number;
    this.d3 = digest[3] as number;
  }

  static of(text: string, namespace = 0): ChunkKey {
    return new ChunkKey(Buffer.from(text, 'utf8'), namespace);
  }

  /** A string that is equal for equal keys, for use in a `Map` of chunks in flight. */
  get id(): string {
    return (this.#id ??= `${this.namespace}:${this.bytes.toString('latin1')}`);
  }

  equals(other: ChunkKey): boolean {
    return this.namespace === other.namespace && this.bytes.equals(other.bytes);
  }

  /** The key as text, for logs and JSON. */
  toString(): string {
    return this.bytes.toString('utf8');
  }
}
