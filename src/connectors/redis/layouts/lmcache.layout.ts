import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { lmcacheMetadata } from '../../intake/lmcache-metadata.js';
import { parseRedisKey } from './parse-redis-key.js';
import { keyCommand, MAX_REDIS_BYTES, setCommand } from './redis-commands.js';
import { LmcacheRead, type LmcacheReadContext } from './lmcache-read.js';
import { type ChunkRead, type RedisLayout, type RedisRequest } from './redis-layout.interface.js';

const BYTES = 'kv_bytes';
const METADATA = 'metadata';

/**
 * LMCache's two keys for a chunk, `<key>kv_bytes` with its bytes and `<key>metadata` with RemoteMetadata, which is
 * written last and without which the chunk is not there.
 *
 * A writer removes the metadata before it replaces the bytes: who reads both in one flight never sees those of two
 * versions, and a writer that fails half way leaves a miss. A transaction would give no more to a reader who asks for
 * one after the other, as LMCache does, and a cluster has none for two keys.
 */
export class LmcacheLayout implements RedisLayout {
  readonly metadata = 'lmcache';
  readonly checksum = false;
  readonly maxValueBytes = MAX_REDIS_BYTES;
  readonly pattern = `*${METADATA}`;

  constructor(private readonly context: LmcacheReadContext) {}

  parse(redisKey: Buffer): ChunkKey | undefined {
    return parseRedisKey(redisKey, '', METADATA);
  }

  keysOf(key: ChunkKey): readonly [Buffer, Buffer] {
    const name = formatStoreKey(key);
    return [Buffer.from(name + METADATA), Buffer.from(name + BYTES)];
  }

  /** Every chunk has metadata here. */
  exists(key: ChunkKey): RedisRequest {
    return keyCommand('EXISTS', this.keysOf(key)[0]);
  }

  isThere(reply: RespValue): boolean {
    return reply === 1;
  }

  read(key: ChunkKey): ChunkRead {
    return new LmcacheRead(key, this.keysOf(key), this.context);
  }

  write(chunk: ArenaHandle): readonly RedisRequest[] {
    const [metadata, bytes] = this.keysOf(chunk.key);
    return [
      keyCommand('DEL', metadata),
      setCommand(bytes, chunk.views, chunk.attributes),
      setCommand(metadata, [lmcacheMetadata(chunk)], chunk.attributes),
    ];
  }
}
