import { type Clock } from '../../../common/clock.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { parseRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { type IntakePlace, ValueIntake } from '../../intake/value-intake.js';
import { joinRequests, keyCommand } from './redis-commands.js';
import { type ChunkRead, type ReadVerdict, type RedisRequest } from './redis-layout.interface.js';

export interface LmcacheReadContext {
  readonly place: IntakePlace;
  readonly clock: Clock;
}

/** Reads metadata, time to live and bytes. Halves without their other half are a miss; what contradicts is corrupt. */
export class LmcacheRead implements ChunkRead {
  readonly head: RedisRequest;
  readonly value: RedisRequest;
  readonly #key: ChunkKey;
  readonly #context: LmcacheReadContext;
  #intake: ValueIntake | undefined;

  constructor(key: ChunkKey, [metadata, bytes]: readonly [Buffer, Buffer], context: LmcacheReadContext) {
    this.#key = key;
    this.#context = context;
    this.head = {
      key: metadata,
      ...joinRequests([keyCommand('GET', metadata), keyCommand('PTTL', metadata)]),
    };
    this.value = keyCommand('GET', bytes);
  }

  open(lengthBytes: number, [metadata, ttlMs]: readonly RespValue[]): ValueIntake | undefined {
    if (!Buffer.isBuffer(metadata) || parseRemoteMetadata(metadata)?.lengthBytes !== lengthBytes)
      return undefined;
    this[Symbol.dispose]();
    const expiresAtMs = typeof ttlMs === 'number' && ttlMs > 0 ? this.#context.clock.nowMs() + ttlMs : 0;
    this.#intake = new ValueIntake(this.#context.place, {
      key: this.#key,
      lengthBytes,
      metadata,
      attributes: { expiresAtMs },
    });
    return this.#intake;
  }

  finish(head: readonly RespValue[], value: RespValue): ReadVerdict {
    const keys = [this.head.key, this.value.key];
    if (head[0] === null) return { outcome: 'miss', useless: [] };
    if (value === null) return { outcome: 'miss', useless: keys };
    if (Buffer.isBuffer(value)) this.open(value.length, head)?.write(value);
    const outcome = this.#intake?.finish() ?? 'corrupt';
    return { outcome, useless: outcome === 'corrupt' ? keys : [] };
  }

  [Symbol.dispose](): void {
    this.#intake?.[Symbol.dispose]();
  }
}
