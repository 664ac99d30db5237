import { type Subscription } from 'rxjs';
import { lossJson } from '../../../../codecs/loss.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { type PrefixRequest, type RetrievedChunk } from '../../../engine/cache-engine.interface.js';
import { checksumToHex } from '../../control/input/encodings.js';
import { chunkJson } from '../../control/prefix/prefix-answers.js';
import { type TcpRequest } from '../tcp-request.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';
import { readPrefixHeader } from './prefix-header.js';
import { TokensBody } from './tokens-body.js';

export const retrievePattern: PatternHandler = (request, header, bodyBytes, context) => {
  const { identity, tokenBytes, fields } = readPrefixHeader(header, context.maxJsonBytes);
  if (bodyBytes !== tokenBytes) throw frameError(`a body of ${bodyBytes} bytes for ${tokenBytes} of tokens`);
  return new TokensBody(request, tokenBytes, 0, (tokens) => {
    fields.check();
    new Retrieve(request, { ...identity, tokens }, context).start();
    return undefined;
  });
};

/**
 * Sends the chunks of a prefix in order. The engine reads as far ahead as chunks are given back, which is when the client
 * has them: a slow reader slows the tiers.
 */
class Retrieve {
  #subscription: Subscription | undefined;
  #hitTokens = 0;
  #chunks = 0;

  constructor(
    private readonly request: TcpRequest,
    private readonly prefix: PrefixRequest,
    private readonly context: PatternContext,
  ) {}

  /** One prefix at a time for each connection. */
  readonly start = (): void => {
    const { retrieves } = this.context;
    if (this.request.ended) return;
    if (!retrieves.tryTake()) {
      retrieves.whenFree(this.start);
      this.request.onAbort(() => retrieves.withdraw(this.start));
      return;
    }
    this.request.onAbort(() => this.#stop());
    this.#run();
  };

  #run(): void {
    const { request, context } = this;
    let chunks$;
    try {
      chunks$ = context.engine.retrieve(this.prefix);
    } catch (error) {
      request.fail(error);
      return;
    }
    const subscription = chunks$.subscribe({
      next: (chunk) => request.whenRoom(() => this.#send(chunk)),
      complete: () => request.whenRoom(() => this.#finish()),
      error: (error: unknown) => request.fail(error),
    });
    this.#subscription = subscription;
    if (request.ended) subscription.unsubscribe();
  }

  #send(chunk: RetrievedChunk): void {
    const { handle } = chunk;
    const loss = lossJson(handle.form);
    this.#hitTokens += chunk.tokens;
    this.#chunks++;
    const json = {
      ...chunkJson(chunk),
      checksum: checksumToHex(handle.checksum),
      metadata: handle.metadata.toString('base64'),
      ...(loss && { loss }),
    };
    const text = Buffer.from(JSON.stringify(json));
    const header = {
      headerBytes: text.length,
      write: (target: Buffer, offset: number) => target.set(text, offset),
    };
    this.request.replyChunk(header, handle, { end: false });
  }

  #finish(): void {
    if (this.request.ended) return;
    this.request.replyJson({ hit_tokens: this.#hitTokens, chunks: this.#chunks }, { end: true });
    this.context.retrieves.giveBack();
  }

  #stop(): void {
    this.#subscription?.unsubscribe();
    this.context.retrieves.giveBack();
  }
}
