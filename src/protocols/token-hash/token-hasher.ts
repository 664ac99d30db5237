import { KvError } from '../../common/errors/kv-error.js';
import { Blake3ChunkHash } from './blake3-chunk-hash.js';
import { CborChunkHash, sha256CborText } from './cbor-chunk-hash.js';
import { type ChunkHash } from './chunk-hash.interface.js';

const FOLDED_BYTES = 8;
const WHOLE_BYTES = 32;
/** What vLLM hashes where no seed is set. */
const DEFAULT_SEED_TEXT = 'vllm-none-hash';

/** How chunks of tokens get their hashes. Servers and engines that share chunks must agree in all of it. */
export interface TokenHasherOptions {
  /**
   * `blake3`: the multi-process default. `sha256_cbor`: SHA-256 of the canonical CBOR of
   * `[previous hash, [tokens], extra]`.
   */
  readonly hashAlgorithm: 'blake3' | 'sha256_cbor';
  /**
   * `object` (multi-process): whole digests of 32 bytes, chained as byte strings. `engine` (in-process): a digest is
   * folded to its first 8 bytes, a big-endian unsigned integer, before it enters the chain and the key.
   */
  readonly keyFormat: 'object' | 'engine';
  /**
   * What `PYTHONHASHSEED` is for the engine, or undefined where that is not set. `sha256_cbor` starts its chain from
   * the hash of this text; undefined: from the hash of `vllm-none-hash`, as LMCache 0.5.6 with vLLM 0.32 does.
   * `blake3` starts from the same value whatever the seed, as LMCache does from 0.4.7 on.
   */
  readonly hashSeed: string | undefined;
}

export interface ChainOptions {
  /** Whether tokens behind the last full chunk make a chunk of their own. Default false. */
  readonly partial?: boolean;
  /** Hash of the chunk before the first token. Default: `noneHash`. */
  readonly previous?: Buffer | undefined;
}

export interface TokenHasher {
  /** 32 bytes in key format `object`, 8 in `engine`. */
  readonly digestBytes: number;
  /** Start of every chain: `digestBytes` bytes. */
  readonly noneHash: Buffer;
  /**
   * Hashes tokens chunk by chunk, each chunk together with all before it.
   *
   * @param chunkTokens tokens per chunk, at least 1.
   * @returns one hash of `digestBytes` bytes per chunk, in order.
   * @throws KV_INPUT_CHUNK_TOKENS
   */
  chain(tokens: Uint32Array, chunkTokens: number, options?: ChainOptions): Buffer[];
}

/** Loads what the algorithm needs; the hasher itself is synchronous. */
export async function createTokenHasher(options: TokenHasherOptions): Promise<TokenHasher> {
  const { hashAlgorithm, keyFormat, hashSeed } = options;
  if (hashAlgorithm === 'sha256_cbor') {
    const noneHash = sha256CborText(hashSeed ?? DEFAULT_SEED_TEXT);
    const chunkHash = new CborChunkHash(
      keyFormat === 'engine'
        ? { foldedPrevious: true, extra: 'empty' }
        : { foldedPrevious: false, extra: 'null' },
    );
    return new ChainedTokenHasher(chunkHash, keyFormat, noneHash);
  }
  const blake3 = await Blake3ChunkHash.create();
  // As if the chunk [0] stood behind the integer 0.
  const noneHash = blake3.digest(Buffer.alloc(FOLDED_BYTES), new Uint32Array(1), 0, 1);
  return new ChainedTokenHasher(blake3, keyFormat, noneHash);
}

/** Feeds each chunk's hash into the next. */
export class ChainedTokenHasher implements TokenHasher {
  readonly digestBytes: number;
  readonly noneHash: Buffer;
  readonly #hash: ChunkHash;

  /** @param noneHash a whole digest; it is folded here where the key format folds. */
  constructor(hash: ChunkHash, keyFormat: 'object' | 'engine', noneHash: Buffer) {
    this.digestBytes = keyFormat === 'engine' ? FOLDED_BYTES : WHOLE_BYTES;
    this.noneHash = noneHash.subarray(0, this.digestBytes);
    this.#hash = hash;
  }

  chain(tokens: Uint32Array, chunkTokens: number, options: ChainOptions = {}): Buffer[] {
    if (!Number.isSafeInteger(chunkTokens) || chunkTokens < 1) {
      throw new KvError('KV_INPUT_CHUNK_TOKENS', `A chunk cannot have ${chunkTokens} tokens`, {
        kind: 'input',
        remedy: 'Give a whole number of at least 1.',
      });
    }
    const end = options.partial === true ? tokens.length : tokens.length - (tokens.length % chunkTokens);
    const hashes: Buffer[] = [];
    let previous = options.previous ?? this.noneHash;
    for (let start = 0; start < end; start += chunkTokens) {
      const stop = Math.min(start + chunkTokens, end);
      previous = this.#hash.digest(previous, tokens, start, stop).subarray(0, this.digestBytes);
      hashes.push(previous);
    }
    return hashes;
  }
}
