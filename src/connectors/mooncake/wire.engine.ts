import { MOONCAKE_CODES } from '../../protocols/mooncake/mooncake-codes.js';
import { remoteClosed } from '../connector-errors.js';
import { type FetchOutcome, type SendOutcome } from '../remote-connector.interface.js';
import { UnfinishedCalls } from '../unfinished-calls.js';
import { MooncakeMasters, type MooncakeMastersOptions } from './master/mooncake-masters.js';
import {
  type MooncakeEngine,
  type ObjectStart,
  type ObjectToFetch,
  type ObjectToStore,
} from './mooncake-engine.interface.js';
import { MooncakePuts } from './mooncake-puts.js';
import { MooncakeReads } from './mooncake-reads.js';
import { SegmentOwners, type SegmentOwnersOptions } from './owners/segment-owners.js';
import { SegmentSizes } from './owners/segment-sizes.js';

export interface WireEngineOptions extends MooncakeMastersOptions, SegmentOwnersOptions {}

type Signal = AbortSignal | undefined;

/** What there is between `connect` and `close`. */
interface Opened {
  readonly masters: MooncakeMasters;
  readonly owners: SegmentOwners;
  readonly reads: MooncakeReads;
  readonly puts: MooncakePuts;
}

/** Speaks to the master and to the owners of memory itself, over TCP. */
export class WireEngine implements MooncakeEngine {
  readonly #options: WireEngineOptions;
  readonly #puts: UnfinishedCalls;
  #current: Opened | undefined;

  constructor(options: WireEngineOptions) {
    this.#options = options;
    this.#puts = new UnfinishedCalls(options.label);
  }

  async connect(signal: Signal): Promise<void> {
    if (this.#current !== undefined) return this.#current.masters.connect(signal);
    this.#current = open(this.#options);
    try {
      await this.#current.masters.connect(signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Puts that wait for owners end, and their memory is given back as long as the master answers. */
  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    current?.owners.close();
    await this.#puts.settled(this.#options.masterSilenceMs);
    current?.masters.close();
  }

  describe(): string {
    return `${this.#opened.masters.describe()}, over TCP`;
  }

  existMany(names: readonly string[], signal: Signal): Promise<readonly boolean[]> {
    return this.#opened.masters.existMany(names, signal);
  }

  fetchMany(objects: readonly ObjectToFetch[], signal: Signal): Promise<readonly FetchOutcome[]> {
    return this.#opened.reads.fetchMany(objects, signal);
  }

  peekMany(
    names: readonly string[],
    maxBytes: number,
    signal: Signal,
  ): Promise<readonly (ObjectStart | undefined)[]> {
    return this.#opened.reads.peekMany(names, maxBytes, signal);
  }

  putMany(objects: readonly ObjectToStore[], signal: Signal): Promise<readonly SendOutcome[]> {
    const { puts } = this.#opened;
    return this.#puts.run(undefined, () => puts.putMany(objects, signal));
  }

  async removeMany(names: readonly string[]): Promise<readonly boolean[]> {
    const { reads, masters } = this.#opened;
    reads.invalidate(names);
    const codes = await masters.removeMany(names, undefined);
    return codes.map((code) => {
      if (code === MOONCAKE_CODES.OK) return true;
      if (code === MOONCAKE_CODES.OBJECT_NOT_FOUND || code === MOONCAKE_CODES.REPLICA_IS_NOT_READY)
        return false;
      throw masters.failed('BatchRemove', code);
    });
  }

  get #opened(): Opened {
    if (this.#current === undefined) throw remoteClosed(this.#options.label);
    return this.#current;
  }
}

function open(options: WireEngineOptions): Opened {
  const masters = new MooncakeMasters(options);
  const owners = new SegmentOwners(options);
  const reads = new MooncakeReads(masters, owners);
  const sizes = new SegmentSizes(masters, owners);
  const puts = new MooncakePuts({ label: options.label, masters, owners, reads, sizes });
  return { masters, owners, reads, puts };
}
