import { Observable, type Subscriber } from 'rxjs';
import { type RetrievedChunk } from '../../../engine/cache-engine.interface.js';
import { type ReplyFlow } from '../../reply-flow.interface.js';
import { Pace } from '../pace.js';
import { type ChunkJson, chunkJson } from '../prefix/prefix-answers.js';
import { type SmallValues } from './small-values.js';
import { type ValueJson, valueJson } from './value-json.js';

export type RetrievedJson = ChunkJson & ValueJson;

/**
 * Chunks as JSON. Each is given back when it has been sent, which lets the engine read the next one: a client that is behind
 * slows the tiers and fills no memory.
 *
 * A chunk that is too large ends the stream with KV_NEST_VALUE_TOO_LARGE.
 */
export function retrieveValues(
  chunks$: Observable<RetrievedChunk>,
  limits: SmallValues,
  flow: ReplyFlow,
): Observable<RetrievedJson> {
  return new Observable((subscriber) => {
    const sender = new ChunkSender(subscriber, limits, flow);
    const chunks = chunks$.subscribe({
      next: (chunk) => sender.push(chunk),
      error: (error: unknown) => subscriber.error(error),
      complete: () => sender.end(),
    });
    return () => {
      chunks.unsubscribe();
      sender.close();
    };
  });
}

class ChunkSender {
  readonly #waiting: RetrievedChunk[] = [];
  readonly #pace: Pace;
  #ended = false;

  constructor(
    private readonly subscriber: Subscriber<RetrievedJson>,
    private readonly limits: SmallValues,
    flow: ReplyFlow,
  ) {
    this.#pace = new Pace(flow, () => this.#send());
  }

  push(chunk: RetrievedChunk): void {
    this.#waiting.push(chunk);
    this.#pace.start();
  }

  end(): void {
    this.#ended = true;
    this.#pace.start();
  }

  close(): void {
    this.#pace.stop();
    for (const { handle } of this.#waiting.splice(0)) handle[Symbol.dispose]();
  }

  #send(): boolean {
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) {
      using handle = chunk.handle;
      try {
        this.limits.add(0, handle.lengthBytes);
        this.subscriber.next({ ...chunkJson(chunk), ...valueJson(handle) });
      } catch (error) {
        this.subscriber.error(error);
      }
    }
    if (this.#ended && this.#waiting.length === 0) this.subscriber.complete();
    return this.#waiting.length > 0;
  }
}
