import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { type FetchOutcome, type SendOutcome } from '../remote-connector.interface.js';

type Signal = AbortSignal | undefined;

/**
 * What becomes of an object of the same name that is there: it stays, for the name says what the bytes are; it stays when
 * it begins with the same bytes and is as long; it goes.
 */
export type WhenThere = 'keep' | 'compare' | 'replace';

export interface ObjectToStore {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
  readonly whenThere: WhenThere;
}

export interface ObjectToFetch {
  readonly name: string;
  /** Makes room for a value of so many bytes. */
  readonly take: (lengthBytes: number) => ChunkIntake;
}

/** The beginning of an object. */
export interface ObjectStart {
  readonly bytes: Buffer;
  /** Of the whole object. */
  readonly lengthBytes: number;
}

/**
 * A client of a Mooncake Store: objects by name. Answers come in the order of what was asked; what goes wrong is thrown as
 * a `KV_REMOTE_…` error. A call whose signal aborts rejects soon, unless it says otherwise.
 */
export interface MooncakeEngine {
  /** Can be called again after `close`, and after it failed. */
  connect(signal: Signal): Promise<void>;
  /** Gives everything back, when no call runs that somebody waits for. */
  close(): Promise<void>;
  /** What is known of the store, in a few words. */
  describe(): string;
  existMany(names: readonly string[], signal: Signal): Promise<readonly boolean[]>;
  /** One failure fails all; then what was read is given back. */
  fetchMany(objects: readonly ObjectToFetch[], signal: Signal): Promise<readonly FetchOutcome[]>;
  /** At most so many bytes of the beginning of each; undefined in the place of what is not there. */
  peekMany(
    names: readonly string[],
    maxBytes: number,
    signal: Signal,
  ): Promise<readonly (ObjectStart | undefined)[]>;
  /**
   * Puts objects of different names. What was begun goes on to its end, and so long the promise does not settle.
   *
   * @param signal ends it where nothing is on its way.
   */
  putMany(objects: readonly ObjectToStore[], signal: Signal): Promise<readonly SendOutcome[]>;
  /** Also what has a lease. Settles when nothing more is removed. @returns whether each was there. */
  removeMany(names: readonly string[]): Promise<readonly boolean[]>;
}
