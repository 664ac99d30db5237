import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { json, text } from 'node:stream/consumers';
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
    const answer = await this.#postJson('lookup', this.#prefix(tokens));
    const { chunks } = (await json(answer)) as { readonly chunks: readonly unknown[] };
    return chunks.length;
  }

  async load(tokens: readonly number[], count: number): Promise<Buffer[]> {
    const prefix = this.#prefix(tokens.slice(0, count * this.#chunkTokens));
    const frames = new FrameStream(await this.#postJson('retrieve', prefix));
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
    const answer = await this.#post('store', 'application/x-kvnest-frames', [frame, ...chunks]);
    const stored = (await json(answer)) as { readonly chunks: readonly { readonly stored: boolean }[] };
    return stored.chunks.filter((chunk) => chunk.stored).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Node's agent keeps the connections.
  }

  /** The body of a request about the whole chunks of a prompt. */
  #prefix(tokens: readonly number[]): object {
    const whole = tokens.length - (tokens.length % this.#chunkTokens);
    return { model: this.#model, dtype: 'half', tokens: tokens.slice(0, whole) };
  }

  async #postJson(operation: string, body: object): Promise<IncomingMessage> {
    return this.#post(operation, 'application/json', [Buffer.from(JSON.stringify(body))]);
  }

  async #post(operation: string, type: string, body: readonly Buffer[]): Promise<IncomingMessage> {
    const url = new URL(operation, this.#base);
    const length = body.reduce((sum, part) => sum + part.length, 0);
    const headers = { 'content-type': type, 'content-length': length };
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers,
    });
    for (const part of body) request.write(part);
    request.end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    if (answer.statusCode === 200) return answer;
    throw new Error(`${operation} answered ${answer.statusCode}: ${await text(answer)}`);
  }
}
