import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Awaitable } from '../../../common/awaitable.js';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { CACHE_SALT_TAG, formatEngineKey } from '../../../protocols/chunk-key/engine-key.js';
import { checkSalt } from '../../../protocols/chunk-key/key-fields.js';
import { formatObjectKey } from '../../../protocols/chunk-key/object-key.js';
import { type TokenHasher } from '../../../protocols/token-hash/token-hasher.js';
import { type PrefixChunk, type PrefixIdentity, type PrefixRequest } from '../cache-engine.interface.js';

export type ChunkerConfig = Pick<KvnestConfig, 'chunkTokens' | 'keyFormat' | 'savePartialChunks'>;

const DEFAULT_DTYPE = 'bfloat16';
/** Hashed in one turn of the event loop: 0.7 ms of work, some 5 ms before the code is hot. */
const TURN_TOKENS = 64 * 1024;

/** Cuts token sequences into chunks and names them as LMCache does. */
export class PrefixChunker {
  constructor(
    private readonly config: ChunkerConfig,
    private readonly hasher: TokenHasher,
  ) {}

  /** Start of the hash chain, in hex. */
  get noneHash(): string {
    return this.hasher.noneHash.toString('hex');
  }

  /** @throws KV_INPUT_… for an identity that makes no key. */
  chunks(request: PrefixRequest): readonly PrefixChunk[] {
    const chunks: PrefixChunk[] = [];
    this.#cut(request, chunks, this.hasher.noneHash, request.tokens.length);
    return chunks;
  }

  /** How many chunks so many tokens make. */
  chunkCount(tokens: number): number {
    const { chunkTokens, savePartialChunks } = this.config;
    return savePartialChunks ? Math.ceil(tokens / chunkTokens) : Math.floor(tokens / chunkTokens);
  }

  /**
   * As `chunks`, which also throws at once. Where they are many, others have their turns meanwhile, and the tokens must not change until
   * the end.
   */
  chunksInTurns(request: PrefixRequest): Awaitable<readonly PrefixChunk[]> {
    const total = request.tokens.length;
    if (total <= TURN_TOKENS) return this.chunks(request);
    const chunks: PrefixChunk[] = [];
    const end = Math.min(total, this.#turnTokens);
    return this.#continueInTurns(request, chunks, this.#cut(request, chunks, this.hasher.noneHash, end));
  }

  async #continueInTurns(
    request: PrefixRequest,
    chunks: PrefixChunk[],
    hash: Buffer,
  ): Promise<readonly PrefixChunk[]> {
    const total = request.tokens.length;
    const step = this.#turnTokens;
    let previous = hash;
    for (let end = 2 * step; end < total + step; end += step) {
      await nextTurn();
      previous = this.#cut(request, chunks, previous, Math.min(end, total));
    }
    return chunks;
  }

  /** Whole chunks. */
  get #turnTokens(): number {
    const { chunkTokens } = this.config;
    return Math.ceil(TURN_TOKENS / chunkTokens) * chunkTokens;
  }

  /**
   * Adds the chunks that begin behind those that are there and end before the token `end`.
   *
   * @param previous hash of the last one that is there.
   * @returns hash of the last one that is there now.
   */
  #cut(request: PrefixRequest, chunks: PrefixChunk[], previous: Buffer, end: number): Buffer {
    const { chunkTokens, keyFormat, savePartialChunks } = this.config;
    const format = keyFormat === 'object' ? objectKey : engineKey;
    const tokens = request.tokens.subarray(chunks.length * chunkTokens, end);
    const hashes = this.hasher.chain(tokens, chunkTokens, { partial: savePartialChunks, previous });
    let parent = chunks.at(-1)?.key;
    for (const chunkHash of hashes) {
      const index = chunks.length;
      const startToken = index * chunkTokens;
      const key = ChunkKey.of(format(request, chunkHash));
      chunks.push({ index, startToken, tokens: Math.min(chunkTokens, end - startToken), key, parent });
      parent = key;
    }
    return hashes.at(-1) ?? previous;
  }
}

function objectKey(identity: PrefixIdentity, chunkHash: Buffer): string {
  const { model, worldSize = 1, workerId = 0, objectGroupId = 0, cacheSalt = '' } = identity;
  const { localWorldSize = worldSize, localRank = workerId } = identity;
  const kvRank = { worldSize, globalRank: workerId, localWorldSize, localRank };
  return formatObjectKey({ model, kvRank, objectGroupId, chunkHash, cacheSalt });
}

function engineKey(identity: PrefixIdentity, chunkHash: Buffer): string {
  const { model, worldSize = 1, workerId = 0, dtype = DEFAULT_DTYPE } = identity;
  const salt = checkSalt(identity.cacheSalt ?? '');
  const tags = salt === '' ? [] : [{ name: CACHE_SALT_TAG, value: salt }];
  return formatEngineKey({ model, worldSize, workerId, chunkHash, dtype, tags });
}
