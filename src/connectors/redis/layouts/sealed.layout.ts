import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { SEALED_FIXED_BYTES, sealedMetadataBytes } from '../../../protocols/sealed-chunk/sealed-chunk.js';
import { formatStoreKey } from '../../../protocols/store-key/store-key.js';
import { sealChunk } from '../../intake/seal-chunk.js';
import { SealedIntake } from '../../intake/sealed-intake.js';
import { type IntakePlace } from '../../intake/value-intake.js';
import { parseRedisKey } from './parse-redis-key.js';
import { keyCommand, MAX_REDIS_BYTES, setCommand } from './redis-commands.js';
import {
  type ChunkRead,
  type ReadVerdict,
  type RedisLayout,
  type RedisRequest,
} from './redis-layout.interface.js';

/**
 * Neither LMCache nor the layout of two keys has keys that begin so: what begins with `kvnest:` is escaped there, and
 * goes on with a digit.
 */
const PREFIX = 'kvnest:sealed:';
const HEADER_ROOM_BYTES = 64 * 1024;

/** One key for a chunk: header, metadata and bytes in one value, with checksums over all of it. */
export class SealedLayout implements RedisLayout {
  readonly metadata = 'any';
  readonly checksum = true;
  readonly maxValueBytes = MAX_REDIS_BYTES - HEADER_ROOM_BYTES;
  readonly pattern = `${PREFIX}*`;

  constructor(private readonly place: IntakePlace) {}

  parse(redisKey: Buffer): ChunkKey | undefined {
    return parseRedisKey(redisKey, PREFIX, '');
  }

  keysOf(key: ChunkKey): readonly [Buffer] {
    return [Buffer.from(PREFIX + formatStoreKey(key))];
  }

  exists(key: ChunkKey, withMetadata: boolean): RedisRequest {
    const [redisKey] = this.keysOf(key);
    if (!withMetadata) return keyCommand('EXISTS', redisKey);
    return keyCommand('GETRANGE', redisKey, '0', String(SEALED_FIXED_BYTES - 1));
  }

  isThere(reply: RespValue): boolean {
    return Buffer.isBuffer(reply) ? sealedMetadataBytes(reply) > 0 : reply === 1;
  }

  read(key: ChunkKey): ChunkRead {
    return new SealedRead(key, this.keysOf(key)[0], this.place);
  }

  write(chunk: ArenaHandle): readonly RedisRequest[] {
    const value = sealChunk(chunk, this.place.crc32c);
    return [setCommand(this.keysOf(chunk.key)[0], value, chunk.attributes)];
  }
}

class SealedRead implements ChunkRead {
  readonly head = undefined;
  readonly value: RedisRequest;
  #intake: SealedIntake | undefined;

  constructor(
    private readonly key: ChunkKey,
    redisKey: Buffer,
    private readonly place: IntakePlace,
  ) {
    this.value = keyCommand('GET', redisKey);
  }

  open(lengthBytes: number): SealedIntake {
    this[Symbol.dispose]();
    this.#intake = new SealedIntake(this.place, this.key, lengthBytes);
    return this.#intake;
  }

  finish(_head: readonly RespValue[], value: RespValue): ReadVerdict {
    if (value === null) return { outcome: 'miss', useless: [] };
    if (Buffer.isBuffer(value)) this.open(value.length).write(value);
    const outcome = this.#intake?.finish() ?? 'corrupt';
    return { outcome, useless: outcome === 'corrupt' ? [this.value.key] : [] };
  }

  [Symbol.dispose](): void {
    this.#intake?.[Symbol.dispose]();
  }
}
