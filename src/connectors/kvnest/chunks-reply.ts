import { type BodySink } from '../../client/wire/body-sink.js';
import { type ReplyTaker } from '../../client/wire/call.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../protocols/kvnest-tcp/frame.js';
import { readGetAnswer } from '../../protocols/kvnest-tcp/replies.js';
import { type IntakePlace, ValueIntake } from '../intake/value-intake.js';
import { type FetchOutcome } from '../remote-connector.interface.js';

/** How much is read at once: few enough that the checksum of the bytes finds them in the processor's cache. */
const READ_BYTES = 256 * 1024;

export interface ChunksSettler {
  resolve(outcomes: FetchOutcome[]): void;
  reject(error: unknown): void;
}

/** The chunks of several keys, in their order, from the socket to their places in the arena. */
export class ChunksReply implements ReplyTaker {
  #outcomes: FetchOutcome[] = [];
  #intake: ValueIntake | undefined;

  constructor(
    private readonly place: IntakePlace,
    private readonly keys: readonly ChunkKey[],
    private readonly settler: ChunksSettler,
  ) {}

  onReply(header: Buffer, bodyBytes: number): BodySink | undefined {
    const key = this.keys[this.#outcomes.length];
    if (key === undefined) throw frameError('more chunks than were asked for');
    const { found, checksum, metadata, attributes, loss } = readGetAnswer(header, true);
    if (!found) {
      this.#outcomes.push('miss');
      return undefined;
    }
    const intake = new ValueIntake(this.place, {
      key,
      lengthBytes: bodyBytes,
      checksum,
      ...(metadata.length > 0 && { metadata: Buffer.from(metadata) }),
      attributes: { ...attributes, ...(loss && { loss }) },
    });
    this.#intake = intake;
    if (bodyBytes === 0) this.onBody();
    return {
      target: (maxBytes) => intake.target(Math.min(maxBytes, READ_BYTES)),
      advance: (bytes) => intake.advance(bytes),
      write: (bytes) => intake.write(bytes),
    };
  }

  onBody(): void {
    using intake = this.#intake;
    this.#intake = undefined;
    if (intake !== undefined) this.#outcomes.push(intake.finish());
  }

  onRestart(): void {
    this.#giveBack();
  }

  onEnd(): void {
    if (this.#outcomes.length < this.keys.length) {
      this.onError(frameError('fewer chunks than were asked for'));
      return;
    }
    this.settler.resolve(this.#outcomes);
  }

  onError(error: unknown): void {
    this.#giveBack();
    this.settler.reject(error);
  }

  #giveBack(): void {
    this.#intake?.[Symbol.dispose]();
    this.#intake = undefined;
    disposeChunks(this.#outcomes);
    this.#outcomes = [];
  }
}

/** Gives chunks back that nobody takes. */
export function disposeChunks(outcomes: Iterable<FetchOutcome>): void {
  for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
}
