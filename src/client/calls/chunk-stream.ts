import { crc32c } from '../../common/crc32c.js';
import { type Deadlines, nowMs, type Timed } from '../../common/deadlines.js';
import { clientTimeout, isOutage } from '../client-errors.js';
import { type RetrievedChunk } from '../kvnest-client.interface.js';
import { type BodySink, BufferSink } from '../wire/body-sink.js';
import { type Call, type ReplyTaker } from '../wire/call.js';
import { type PlaceJson, readPlace } from './prefix-header.js';

/** So many whole chunks wait for their consumer; beyond them nothing is read. */
const READ_AHEAD_CHUNKS = 2;
const NO_METADATA = Buffer.alloc(0);

interface ChunkJson extends PlaceJson {
  readonly checksum: string;
  readonly metadata?: string;
  readonly loss?: { readonly codec: string };
}

export interface ChunkStreamOptions {
  /** For each chunk; 0 = none. */
  readonly timeoutMs: number;
  readonly missesOutages: boolean;
  readonly verifies: boolean;
  readonly deadlines: Deadlines;
  /** Sends the request. The stream sees to its time-out itself. */
  readonly start: (taker: ReplyTaker) => Call;
}

interface Waiting {
  resolve(result: IteratorResult<RetrievedChunk, undefined>): void;
  reject(error: unknown): void;
}

const END: IteratorResult<RetrievedChunk, undefined> = { done: true, value: undefined };

/** One pass over the chunks of a prefix, asked for with the first `next`. The time-out is for each wait for a chunk. */
export class ChunkStream implements AsyncIterator<RetrievedChunk, undefined>, ReplyTaker, Timed {
  deadlineMs = Infinity;
  readonly #options: ChunkStreamOptions;
  readonly #chunks: RetrievedChunk[] = [];
  #call: Call | undefined;
  /** In the order of asking: who takes chunks need not wait for one before it asks for the next. */
  readonly #waiting: Waiting[] = [];
  #arriving: RetrievedChunk | undefined;
  /** Chunks that came in; when all is sent anew, so many are passed over. */
  #received = 0;
  #toPassOver = 0;
  #hasEnded = false;
  #error: { readonly reason: unknown } | undefined;

  constructor(options: ChunkStreamOptions) {
    this.#options = options;
  }

  next(): Promise<IteratorResult<RetrievedChunk, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start();
      this.#serve();
      if (this.#waiting.length === 1) this.#watch();
    });
  }

  /** The consumer leaves: what is still under way is taken back. */
  return(): Promise<IteratorResult<RetrievedChunk, undefined>> {
    this.#chunks.length = 0;
    this.#call?.giveUp(undefined);
    this.#hasEnded = true;
    this.#error = undefined;
    this.#serve();
    return Promise.resolve(END);
  }

  onReply(header: Buffer, bodyBytes: number): BodySink | undefined {
    const said = JSON.parse(header.toString()) as Partial<ChunkJson>;
    if (said.index === undefined) return undefined;
    if (this.#toPassOver > 0) {
      this.#toPassOver--;
      return undefined;
    }
    const { checksum, metadata, loss } = said as ChunkJson;
    const bytes = Buffer.allocUnsafeSlow(bodyBytes);
    this.#arriving = {
      ...readPlace(said as ChunkJson),
      bytes,
      metadata: metadata === undefined ? NO_METADATA : Buffer.from(metadata, 'base64'),
      checksum: Number.parseInt(checksum, 16),
      ...(loss && { loss: loss.codec }),
    };
    if (bodyBytes === 0) this.onBody();
    return new BufferSink(bytes);
  }

  onBody(): void {
    const chunk = this.#arriving;
    this.#arriving = undefined;
    if (chunk === undefined || this.#hasEnded) return;
    this.#received++;
    if (this.#options.verifies && crc32c(chunk.bytes) !== chunk.checksum) {
      this.#call?.giveUp(undefined);
      return;
    }
    this.#chunks.push(chunk);
    this.#serve();
    if (this.#chunks.length >= READ_AHEAD_CHUNKS) this.#call?.carrier?.pause?.();
  }

  onRestart(): void {
    this.#arriving = undefined;
    this.#toPassOver = this.#received;
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#serve();
  }

  /** What came before is still handed out where the stream just ends; a caller who gave up wants nothing more. */
  onError(reason: unknown): void {
    const endsOnly = reason === undefined || (this.#options.missesOutages && isOutage(reason));
    if (!endsOnly) {
      this.#error = { reason };
      this.#chunks.length = 0;
    }
    this.onEnd();
  }

  onDeadline(): void {
    this.#call?.giveUp(clientTimeout(this.#options.timeoutMs));
  }

  #start(): void {
    if (this.#hasEnded) return;
    try {
      this.#call ??= this.#options.start(this);
    } catch (error) {
      this.onError(error);
    }
  }

  #serve(): void {
    const asked = this.#waiting.length;
    while (this.#waiting.length > 0 && (this.#chunks.length > 0 || this.#hasEnded))
      this.#answer(this.#waiting.shift() as Waiting, this.#chunks.shift());
    if (this.#waiting.length === asked) return;
    this.#options.deadlines.delete(this);
    if (this.#waiting.length > 0) this.#watch();
    if (this.#chunks.length < READ_AHEAD_CHUNKS) this.#call?.carrier?.resume?.();
  }

  /** An error is told once; behind it is the end. */
  #answer(waiting: Waiting, chunk: RetrievedChunk | undefined): void {
    const error = this.#error;
    if (chunk !== undefined) waiting.resolve({ done: false, value: chunk });
    else if (error === undefined) waiting.resolve(END);
    else {
      this.#error = undefined;
      waiting.reject(error.reason);
    }
  }

  #watch(): void {
    const { timeoutMs, deadlines } = this.#options;
    if (timeoutMs === 0) return;
    this.deadlineMs = nowMs() + timeoutMs;
    deadlines.add(this);
  }
}
