import { connect, type KvnestClient } from 'kvnest/client';
import { type PrefixCache } from './prefix-cache.interface.ts';

/** Chunks through the TCP door: tokens as over HTTP, and bytes as they are. */
export class TcpCache implements PrefixCache {
  readonly #url: string;
  readonly #prefix: { readonly model: string; readonly dtype: string };
  readonly #chunkTokens: number;
  #connecting: Promise<KvnestClient> | undefined;

  constructor(url: string, model: string, chunkTokens: number) {
    this.#url = url;
    this.#prefix = { model, dtype: 'half' };
    this.#chunkTokens = chunkTokens;
  }

  async lookup(tokens: readonly number[]): Promise<number> {
    const { chunks } = await (await this.#client()).lookup(tokens, this.#prefix);
    return chunks.length;
  }

  async load(tokens: readonly number[], count: number): Promise<Buffer[]> {
    const wanted = tokens.slice(0, count * this.#chunkTokens);
    const chunks: Buffer[] = [];
    for await (const { bytes } of (await this.#client()).retrieve(wanted, this.#prefix))
      chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return chunks;
  }

  async save(tokens: readonly number[], first: number, chunks: readonly Buffer[]): Promise<number> {
    const placed = chunks.map((bytes, offset) => ({ index: first + offset, bytes }));
    const answers = await (await this.#client()).store(tokens, placed, this.#prefix);
    return answers.filter(({ stored }) => stored).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    await client?.close();
  }

  #client(): Promise<KvnestClient> {
    return (this.#connecting ??= connect(this.#url));
  }
}
