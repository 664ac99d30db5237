import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { type BodySink } from '../../resp-client/body-reader.js';
import { type ConnectorCapabilities, type FetchOutcome } from '../../remote-connector.interface.js';

/** Commands that concern one key of Redis, and their bytes. */
export interface RedisRequest {
  /** The key of Redis: says which server is asked. */
  readonly key: Buffer;
  readonly request: readonly Uint8Array[];
  /** How many commands, and so replies, these are. */
  readonly commands: number;
}

export interface ReadVerdict {
  readonly outcome: FetchOutcome;
  /** Keys of Redis that are of no use to anybody any more. */
  readonly useless: readonly Buffer[];
}

/**
 * How one chunk is read: a few small commands first, then its bytes; in one flight where one server has both.
 * Disposed without `finish`, it gives all back.
 */
export interface ChunkRead extends Disposable {
  readonly head: RedisRequest | undefined;
  readonly value: RedisRequest;
  /** Where the bytes go, once their number is known; undefined: nowhere. What came in before is given back. */
  open(lengthBytes: number, head: readonly RespValue[]): BodySink | undefined;
  /** @param value the bytes themselves when they were few, else `RespBody`; null when there are none. */
  finish(head: readonly RespValue[], value: RespValue): ReadVerdict;
}

/** How chunks lie in Redis. It speaks to nobody: it says what to ask, and what the answers mean. */
export interface RedisLayout extends Pick<ConnectorCapabilities, 'metadata' | 'checksum' | 'maxValueBytes'> {
  /** Keys that SCAN shall name: one for each chunk. */
  readonly pattern: string;
  /** The chunk that such a key stands for; undefined for what only looks like one. */
  parse(redisKey: Buffer): ChunkKey | undefined;
  /** Keys of a chunk; nobody sees the chunk without the first. */
  keysOf(key: ChunkKey): readonly [Buffer, ...Buffer[]];
  /** One command … */
  exists(key: ChunkKey, withMetadata: boolean): RedisRequest;
  /** … and what its reply means. */
  isThere(reply: RespValue): boolean;
  read(key: ChunkKey): ChunkRead;
  /** In this order: where they go to different servers, each must be done before the next. */
  write(chunk: ArenaHandle): readonly RedisRequest[];
}
