import { remoteClosed } from '../../connector-errors.js';
import { fetchedTogether } from '../fetched-together.js';
import { type FetchOutcome, type SendOutcome } from '../../remote-connector.interface.js';
import { UnfinishedCalls } from '../../unfinished-calls.js';
import { untilAborted } from '../../until-aborted.js';
import {
  type MooncakeEngine,
  type ObjectStart,
  type ObjectToFetch,
  type ObjectToStore,
} from '../mooncake-engine.interface.js';
import { RunningReads } from '../running-reads.js';
import { LibraryStore, type LibraryStoreOptions } from './library-store.js';
import { NativePuts } from './native-puts.js';
import { NativeReads } from './native-reads.js';
import { TransferLane, TransferLanes } from './transfer-lanes.js';

export interface NativeEngineOptions extends Omit<LibraryStoreOptions, 'threads'> {
  /** Transfers at a time. */
  readonly connections: number;
  /** The arena's: bytes in it need not be copied. */
  readonly memory: ArrayBuffer;
}

type Signal = AbortSignal | undefined;

/** What there is between `connect` and `close`. */
interface Opened {
  readonly store: LibraryStore;
  readonly lanes: TransferLanes;
  readonly reads: NativeReads;
  readonly puts: NativePuts;
}

/** Beside those that transfer: for questions. */
const THREADS_FOR_QUESTIONS = 1;

/**
 * Has Mooncake's own library speak to the store, over RDMA or TCP. None of its calls can be taken back: one whose caller
 * gave up goes on, keeps the memory that it uses, and is waited for when the engine is closed.
 */
export class NativeEngine implements MooncakeEngine {
  readonly #options: NativeEngineOptions;
  readonly #unfinished: UnfinishedCalls;
  readonly #running = new RunningReads();
  #current: Opened | undefined;
  #opening: Promise<void> | undefined;
  #waiting = 0;

  constructor(options: NativeEngineOptions) {
    this.#options = options;
    this.#unfinished = new UnfinishedCalls(options.label);
  }

  /** Setting up the library may take minutes where no master is: who connects meanwhile waits for the same. */
  async connect(signal: Signal): Promise<void> {
    if (this.#current !== undefined) return;
    this.#opening ??= this.#open();
    this.#waiting++;
    try {
      await untilAborted(this.#options.label, signal, this.#opening, () => undefined);
    } finally {
      this.#waiting--;
    }
  }

  async close(): Promise<void> {
    await this.#unfinished.settled();
    const current = this.#current;
    this.#current = undefined;
    await current?.store.close();
  }

  describe(): string {
    const { library, protocol, master } = this.#options.settings;
    return `Mooncake, master ${master}, over ${protocol.toUpperCase()} by ${library}`;
  }

  existMany(names: readonly string[], signal: Signal): Promise<readonly boolean[]> {
    return this.#unfinished.run(signal, () => this.#opened.store.existMany(names));
  }

  fetchMany(objects: readonly ObjectToFetch[], signal: Signal): Promise<readonly FetchOutcome[]> {
    const { lanes, reads } = this.#opened;
    const fetch = (object: ObjectToFetch): Promise<FetchOutcome> =>
      lanes.lease((lane) => reads.fetch(object, lane), signal);
    return this.#unfinished.run(signal, () => fetchedTogether(objects.map(fetch)), giveBack);
  }

  peekMany(
    names: readonly string[],
    maxBytes: number,
    signal: Signal,
  ): Promise<readonly (ObjectStart | undefined)[]> {
    const { lanes, reads } = this.#opened;
    const peek = (name: string): Promise<ObjectStart | undefined> =>
      lanes.lease((lane) => reads.peek(name, maxBytes, lane), signal);
    return this.#unfinished.run(signal, () => Promise.all(names.map(peek)));
  }

  putMany(objects: readonly ObjectToStore[], signal: Signal): Promise<readonly SendOutcome[]> {
    const { lanes, puts } = this.#opened;
    const put = (object: ObjectToStore): Promise<SendOutcome> =>
      lanes.lease((lane) => puts.put(object, lane), signal);
    return this.#unfinished.run(undefined, async () => {
      // As long as one goes on, it reads from the chunks.
      const settled = await Promise.allSettled(objects.map(put));
      const failed = settled.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return settled.map((result) => (result.status === 'fulfilled' ? result.value : 'busy'));
    });
  }

  removeMany(names: readonly string[]): Promise<readonly boolean[]> {
    for (const name of names) this.#running.invalidate(name);
    return this.#unfinished.run(undefined, async () => {
      const removed = await this.#opened.store.removeMany(names);
      return removed.map((wasThere) => wasThere === true);
    });
  }

  async #open(): Promise<void> {
    const opened = await this.#openLibrary().finally(() => (this.#opening = undefined));
    // The others gave up.
    if (this.#waiting === 0) await opened.store.close();
    else this.#current = opened;
  }

  async #openLibrary(): Promise<Opened> {
    const { label, settings, connections, memory } = this.#options;
    const store = await LibraryStore.open({ label, settings, threads: connections + THREADS_FOR_QUESTIONS });
    const isRegistered = settings.protocol === 'rdma';
    try {
      if (isRegistered) await store.register(new Uint8Array(memory));
    } catch (error) {
      await store.close();
      throw error;
    }
    const lanes = Array.from({ length: connections }, () => new TransferLane(store, isRegistered));
    const reads = new NativeReads(store, this.#running, memory);
    const puts = new NativePuts({ label, store, reads, running: this.#running, memory });
    return { store, lanes: new TransferLanes(label, lanes), reads, puts };
  }

  get #opened(): Opened {
    if (this.#current === undefined) throw remoteClosed(this.#options.label);
    return this.#current;
  }
}

function giveBack(outcomes: readonly FetchOutcome[]): void {
  for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
}
