import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type IntakePlace, ValueIntake } from '../intake/value-intake.js';
import { type FetchOutcome } from '../remote-connector.interface.js';

/** One value on its way from the store to its place in the arena. */
export class RawRead implements Disposable {
  #intake: ValueIntake | undefined;

  constructor(
    private readonly place: IntakePlace,
    private readonly key: ChunkKey,
  ) {}

  /** Where a value of this length goes; what came before of the same read is given back. */
  open(lengthBytes: number): ValueIntake {
    this[Symbol.dispose]();
    this.#intake = new ValueIntake(this.place, { key: this.key, lengthBytes });
    return this.#intake;
  }

  /** @param reply to GET. */
  finish(reply: RespValue): FetchOutcome {
    if (reply === null) return 'miss';
    if (Buffer.isBuffer(reply)) this.open(reply.length).write(reply);
    return this.#intake?.finish() ?? 'corrupt';
  }

  [Symbol.dispose](): void {
    this.#intake?.[Symbol.dispose]();
  }
}
