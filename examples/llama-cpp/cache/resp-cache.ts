import { Redis } from 'ioredis';
import { objectKeys } from './object-key.ts';
import { type PrefixCache } from './prefix-cache.interface.ts';

/** Chunks through the RESP door: the client hashes the tokens, the server sees keys and values as Redis would. */
export class RespCache implements PrefixCache {
  readonly #redis: Redis;
  readonly #model: string;
  readonly #chunkTokens: number;

  constructor(url: string, model: string, chunkTokens: number) {
    this.#redis = new Redis(url, { maxRetriesPerRequest: 1, lazyConnect: true });
    // Every command reports its own failure; without a listener ioredis would print each of them, too.
    this.#redis.on('error', () => undefined);
    this.#model = model;
    this.#chunkTokens = chunkTokens;
  }

  async lookup(tokens: readonly number[]): Promise<number> {
    const keys = await this.#keys(tokens);
    const found = await Promise.all(keys.map((key) => this.#redis.exists(key)));
    return countBefore(found, 0);
  }

  async load(tokens: readonly number[], count: number): Promise<Buffer[]> {
    const keys = (await this.#keys(tokens)).slice(0, count);
    const values = await Promise.all(keys.map((key) => this.#redis.getBuffer(key)));
    return values.slice(0, countBefore(values, null)) as Buffer[];
  }

  async save(tokens: readonly number[], first: number, chunks: readonly Buffer[]): Promise<number> {
    const keys = (await this.#keys(tokens)).slice(first, first + chunks.length);
    await Promise.all(keys.map((key, index) => this.#redis.set(key, chunks[index] ?? '')));
    return keys.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  async #keys(tokens: readonly number[]): Promise<readonly string[]> {
    return objectKeys(this.#model, tokens, this.#chunkTokens);
  }
}

function countBefore<T>(values: readonly T[], end: T): number {
  const index = values.indexOf(end);
  return index < 0 ? values.length : index;
}
