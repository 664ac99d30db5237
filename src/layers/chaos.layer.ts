import { type ArenaHandle } from '../arena/arena.interface.js';
import { remoteAborted, remoteFailed, remoteUnreachable } from '../connectors/connector-errors.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';
import { Pauses } from './pauses.js';
import { seededRandom } from '../common/seeded-random.js';

/** How likely each fault is for a call, from 0 to 1; absent: never. */
export interface ChaosFaults {
  /** The call is made later, by up to `maxDelayMs`. */
  readonly delay?: number;
  /** The call is not made: KV_REMOTE_FAILED. */
  readonly error?: number;
  /** The call is not made, and nothing is heard until its signal aborts. */
  readonly hang?: number;
  /** Chunks that are read are corrupt. */
  readonly corrupt?: number;
  /** A batch is answered in part, a single call not at all, as if the connection was cut after it. */
  readonly partial?: number;
}

export interface ChaosLayerOptions {
  /** What errors call the store. */
  readonly store: string;
  readonly seed: number;
  readonly faults: ChaosFaults;
  /** Default 100. */
  readonly maxDelayMs?: number;
  /**
   * Whether what is below finds out what changed. True: a chunk becomes `corrupt`. False: one of its bits is flipped,
   * and it is passed on; not over a backend that gives out the bytes it keeps. Default true.
   */
  readonly checksum?: boolean;
}

/** What happens to one call: drawn before it is made, so that faults depend on the order of the calls only. */
interface Fate {
  readonly delayMs: number;
  readonly isFailing: boolean;
  readonly isHanging: boolean;
  readonly isCorrupt: boolean;
  readonly isPartial: boolean;
  /** Where in an answer, from 0 up to 1. */
  readonly place: number;
}

/** What is answered for the part of a batch that did not succeed. */
const NOTHING: Partial<Record<string, string | boolean>> = {
  getMany: 'miss',
  putMany: 'busy',
  existsMany: false,
  removeMany: false,
};

/** Does what a bad network and a bad store do, repeatably. For tests and staging, next to the store. */
export class ChaosLayer implements Layer {
  readonly name = 'chaos';
  /** May be changed at any time. */
  faults: ChaosFaults;
  readonly #random: () => number;
  readonly #pauses = new Pauses();

  constructor(private readonly options: ChaosLayerOptions) {
    this.faults = options.faults;
    this.#random = seededRandom(options.seed);
  }

  async call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const fate = this.#draw();
    const { store } = this.options;
    if (fate.isFailing) throw remoteFailed(store, 'chaos', { retryable: true });
    const waitMs = fate.isHanging ? Infinity : fate.delayMs;
    if (waitMs > 0 && !(await this.#pauses.wait(waitMs, call.signal))) throw remoteAborted(store);
    const answer = await next(call);
    return this.#spoil(call, answer, fate);
  }

  close(next: () => Promise<void>): Promise<void> {
    this.#pauses.endAll();
    return next();
  }

  #draw(): Fate {
    const { delay = 0, error = 0, hang = 0, corrupt = 0, partial = 0 } = this.faults;
    const { maxDelayMs = 100 } = this.options;
    const isDelayed = this.#random() < delay;
    return {
      delayMs: this.#random() * (isDelayed ? maxDelayMs : 0),
      isFailing: this.#random() < error,
      isHanging: this.#random() < hang,
      isCorrupt: this.#random() < corrupt,
      isPartial: this.#random() < partial,
      place: this.#random(),
    };
  }

  #spoil<T>(call: LayerCall<T>, answer: T, { isPartial, isCorrupt, place }: Fate): T {
    if (isPartial) return this.#cut(call, answer, place);
    if (!isCorrupt) return answer;
    if (call.operation === 'get') return this.#corrupt(answer, place) as T;
    if (call.operation !== 'getMany') return answer;
    return (answer as readonly unknown[]).map((outcome) => this.#corrupt(outcome, place)) as T;
  }

  #cut<T>(call: LayerCall<T>, answer: T, place: number): T {
    const nothing = NOTHING[call.operation];
    if (nothing === undefined) {
      call.discard(answer);
      throw remoteUnreachable(this.options.store, new Error('chaos'));
    }
    const outcomes = answer as readonly unknown[];
    const whole = Math.floor(place * outcomes.length);
    call.discard(outcomes.slice(whole) as T);
    return outcomes.map((outcome, i) => (i < whole ? outcome : nothing)) as T;
  }

  #corrupt(outcome: unknown, place: number): unknown {
    if (typeof outcome === 'string') return outcome;
    const chunk = outcome as ArenaHandle;
    if (this.options.checksum ?? true) {
      chunk[Symbol.dispose]();
      return 'corrupt';
    }
    let bit = Math.floor(place * chunk.lengthBytes * 8);
    for (const view of chunk.views) {
      if (bit < view.length * 8) view.writeUInt8(view.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      bit -= view.length * 8;
      if (bit < 0) break;
    }
    return chunk;
  }
}
