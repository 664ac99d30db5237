import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { CACHE_SALT_TAG, formatEngineKey } from '../../../protocols/chunk-key/engine-key.js';
import { checkSalt } from '../../../protocols/chunk-key/key-fields.js';
import { formatObjectKey } from '../../../protocols/chunk-key/object-key.js';
import { type TokenHasher } from '../../../protocols/token-hash/token-hasher.js';
import { type PrefixChunk, type PrefixIdentity, type PrefixRequest } from '../cache-engine.interface.js';

export type ChunkerConfig = Pick<KvnestConfig, 'chunkTokens' | 'keyFormat' | 'savePartialChunks'>;

const DEFAULT_DTYPE = 'bfloat16';

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
    const { chunkTokens, keyFormat, savePartialChunks } = this.config;
    const total = request.tokens.length;
    const format = keyFormat === 'object' ? objectKey : engineKey;
    const hashes = this.hasher.chain(request.tokens, chunkTokens, { partial: savePartialChunks });
    let parent: ChunkKey | undefined;
    return hashes.map((chunkHash, index) => {
      const startToken = index * chunkTokens;
      const tokens = Math.min(chunkTokens, total - startToken);
      const chunk = { index, startToken, tokens, key: ChunkKey.of(format(request, chunkHash)), parent };
      parent = chunk.key;
      return chunk;
    });
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
