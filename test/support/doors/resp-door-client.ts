import { type Redis } from 'ioredis';
import {
  type ClearFilter,
  type KeyOptions,
  type PutOptions,
  type PutResult,
  type StoredValue,
} from '../../../src/client/index.js';
import { type DoorClient, type DoorKey } from '../../contracts/door/door-client.interface.js';

const NAMESPACES = 16;

/** The RESP door, by ioredis: values by key, and nothing beside them. */
export class RespDoorClient implements DoorClient {
  readonly pin = unsaid;
  readonly unpin = unsaid;
  readonly lookup = unsaid;
  readonly store = unsaid;
  readonly retrieve = unsaid;
  readonly status = unsaid;

  constructor(private readonly redis: Redis) {
    // Commands fail with it, too.
    redis.on('error', () => undefined);
  }

  async put(
    key: DoorKey,
    bytes: Buffer,
    { namespace = 0, ttlMs, onlyIfAbsent = false }: PutOptions = {},
  ): Promise<PutResult> {
    const options = [...(ttlMs === undefined ? [] : ['PX', ttlMs]), ...(onlyIfAbsent ? ['NX'] : [])];
    const answer = await this.#ask(namespace, 'SET', key, bytes, ...options);
    return answer === null
      ? { stored: false, reason: 'exists' }
      : { stored: true, tiers: [], checksum: Number.NaN };
  }

  async getMany(
    keys: readonly DoorKey[],
    { namespace = 0 }: KeyOptions = {},
  ): Promise<readonly (StoredValue | undefined)[]> {
    const values = (await this.#ask(namespace, 'MGET', ...keys)) as (Buffer | null)[];
    return values.map((bytes) =>
      bytes === null ? undefined : { bytes, metadata: Buffer.alloc(0), checksum: Number.NaN },
    );
  }

  exists(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]> {
    return this.#each('EXISTS', keys, options);
  }

  delete(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]> {
    return this.#each('DEL', keys, options);
  }

  async clear({ namespace }: ClearFilter = {}): Promise<number> {
    const all = Array.from({ length: NAMESPACES }, (_, i) => i);
    for (const each of namespace === undefined ? all : [namespace]) await this.#ask(each, 'FLUSHDB');
    return Number.NaN;
  }

  async close(): Promise<void> {
    await this.redis.quit();
  }

  async #each(
    command: string,
    keys: readonly DoorKey[],
    { namespace = 0 }: KeyOptions = {},
  ): Promise<readonly boolean[]> {
    const answers = await Promise.all(keys.map((key) => this.#ask(namespace, command, key)));
    return answers.map((answer) => answer === 1);
  }

  /** Commands of one connection are executed in their order, so that each may be in a namespace of its own. */
  async #ask(namespace: number, command: string, ...args: readonly (DoorKey | number)[]): Promise<unknown> {
    const [, answer] = await Promise.all([
      this.redis.select(namespace),
      this.redis.callBuffer(command, ...args),
    ]);
    return answer;
  }
}

function unsaid(): never {
  throw new Error('RESP has no words for this');
}
