import { Readable } from 'node:stream';
import { FrameStream, encodeFrame } from './frame-stream.ts';
import { type PrefixCache } from './prefix-cache.interface.ts';

type RetrieveHeader =
  | { readonly index: number; readonly length: number }
  | { readonly end: true }
  | { readonly error: { readonly message: string } };

/** Chunks through the HTTP door: the client sends tokens, the server cuts and names the chunks. */
export class HttpCache implements PrefixCache {
  readonly #base: string;
  readonly #model: string;
  readonly #chunkTokens: number;

  constructor(url: string, model: string, chunkTokens: number) {
    this.#base = new URL('/v1/prefix/', url).href;
    this.#model = model;
    this.#chunkTokens = chunkTokens;
  }

  async lookup(tokens: readonly number[]): Promise<number> {
    const response = await this.#postJson('lookup', this.#prefix(tokens));
    const { chunks } = (await response.json()) as { readonly chunks: readonly unknown[] };
    return chunks.length;
  }

  async load(tokens: readonly number[], count: number): Promise<Buffer[]> {
    const { body } = await this.#postJson(
      'retrieve',
      this.#prefix(tokens.slice(0, count * this.#chunkTokens)),
    );
    const frames = new FrameStream(body ?? Readable.from([]));
    const chunks: Buffer[] = [];
    for (;;) {
      const header = (await frames.header()) as RetrieveHeader;
      if ('end' in header) return chunks;
      if ('error' in header) throw new Error(header.error.message);
      chunks.push(await frames.bytes(header.length));
    }
  }

  async save(tokens: readonly number[], first: number, chunks: readonly Buffer[]): Promise<number> {
    const announced = chunks.map(({ length }, index) => ({ index: first + index, length }));
    const frame = encodeFrame({ ...this.#prefix(tokens), chunks: announced });
    const response = await this.#post(
      'store',
      'application/x-kvnest-frames',
      Readable.from([frame, ...chunks]),
    );
    const answer = (await response.json()) as { readonly chunks: readonly { readonly stored: boolean }[] };
    return answer.chunks.filter(({ stored }) => stored).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // fetch keeps its connections itself.
  }

  /** The body of a request about the whole chunks of a prompt. */
  #prefix(tokens: readonly number[]): object {
    const whole = tokens.length - (tokens.length % this.#chunkTokens);
    return { model: this.#model, dtype: 'half', tokens: tokens.slice(0, whole) };
  }

  async #postJson(operation: string, body: object): Promise<Response> {
    return this.#post(operation, 'application/json', JSON.stringify(body));
  }

  async #post(operation: string, type: string, body: string | Readable): Promise<Response> {
    const response = await fetch(new URL(operation, this.#base), {
      method: 'POST',
      headers: { 'content-type': type },
      body,
      duplex: 'half',
    });
    if (!response.ok) throw new Error(`${operation} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}
