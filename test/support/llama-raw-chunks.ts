import { Redis } from 'ioredis';

/** Chunks by key through the RESP door, without an engine. */
export class RawChunks implements AsyncDisposable {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url, { maxRetriesPerRequest: 1 });
  }

  /** @throws when it is not there. */
  async get(key: string): Promise<Buffer> {
    const chunk = await this.#redis.getBuffer(key);
    if (chunk === null) throw new Error(`There is no ${key}`);
    return chunk;
  }

  async set(key: string, chunk: Buffer): Promise<void> {
    await this.#redis.set(key, chunk);
  }

  async delete(key: string): Promise<void> {
    await this.#redis.del(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.quit();
  }
}
