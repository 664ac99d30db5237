import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { remoteUnsupported } from '../connector-errors.js';
import { type ConnectorLogger } from '../connector-definition.interface.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { type IntakePlace } from '../intake/value-intake.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { type InfinistoreClientOptions, NOBODYS_KEY } from './infinistore-client.js';
import { InfinistoreStore } from './infinistore-store.js';
import { type InfinistoreLayout } from './layouts/infinistore-layout.interface.js';
import { LmcacheLayout } from './layouts/lmcache.layout.js';
import { SealedLayout } from './layouts/sealed.layout.js';
import { countKeys } from './manage-port.js';
import { Patience } from './patience.js';
import { UnfinishedCalls } from '../unfinished-calls.js';

const PUT_PATIENCE_MS = 5_000;

export interface InfinistoreConnectorOptions extends InfinistoreClientOptions {
  readonly layout: 'lmcache' | 'sealed';
  readonly place: IntakePlace;
  readonly logger: ConnectorLogger;
  readonly drainTimeoutMs: number;
  /** Header included. Default: that of the layout. */
  readonly maxValueBytes?: number | undefined;
  readonly managePort?: number | undefined;
  /** How long a put goes on when nobody waits for it any more. Default 5 s. */
  readonly putPatienceMs?: number;
}

type Signal = AbortSignal | undefined;
type Work<T> = (signal: Signal) => Promise<T>;

/** A connection to the store: made anew whenever the connector connects. */
interface Opened {
  readonly store: InfinistoreStore;
  readonly layout: InfinistoreLayout;
  /** Aborts when it ends. */
  readonly shut: AbortController;
}

/** Chunks in the memory of an InfiniStore server, over TCP. */
export class InfinistoreConnector extends LoopingConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #options: InfinistoreConnectorOptions;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #calls: UnfinishedCalls;
  #opened: Opened;

  constructor(options: InfinistoreConnectorOptions) {
    super();
    this.#options = options;
    this.#calls = new UnfinishedCalls(options.label);
    this.#opened = open(options);
    this.#lifecycle = new ConnectorLifecycle({
      label: options.label,
      open: (call) => this.#open(call),
      shut: () => this.#shut(),
    });
    this.capabilities = {
      persistent: false,
      shared: true,
      retains: true,
      batch: true,
      list: false,
      remove: true,
      ttl: false,
      ...this.#opened.layout.capabilities,
    };
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  /** Waits for answers that are on their way: the server does not survive a connection that ends before them. */
  async close(): Promise<void> {
    await this.#lifecycle.close();
    // What a connect has left that was given up.
    await this.#calls.settled(this.#options.drainTimeoutMs);
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#lifecycle.run(() => this.#ping(options?.signal));
  }

  /** The protocol knows no version. */
  describe(options?: CallOptions): Promise<string> {
    return this.#lifecycle.run(async () => {
      await this.#ping(options?.signal);
      const { managePort, layout } = this.#options;
      const keys =
        managePort === undefined ? '' : `, ${await this.#countKeys(managePort, options?.signal)} keys`;
      return `InfiniStore, TCP protocol of 0.2.33 to 0.2.35, layout ${layout}${keys}`;
    });
  }

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    return this.#lifecycle.run(() => this.#exists(key, options));
  }

  override existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(() => this.#existsMany(keys, options));
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#run<FetchOutcome>(key, 'miss', options, (signal) =>
      this.#locked(key, 'shared', signal, (layout) => layout.get(key, signal)),
    );
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    const { key } = chunk;
    return this.#run<SendOutcome>(key, 'rejected', options, async (signal) => {
      // Until the last byte is sent, whether or not its caller waits for that.
      using kept = chunk.retain();
      return await this.#locked(key, 'exclusive', signal, (layout) => this.#put(layout, kept, signal));
    });
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.#run(key, false, options, (signal) =>
      this.#locked(key, 'exclusive', signal, (layout) => layout.remove(key, signal)),
    );
  }

  list(): Promise<ListPage> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'list')));
  }

  /** The connections end when nothing is on its way, or when that takes too long. */
  async #shut(): Promise<void> {
    const { store, shut } = this.#opened;
    shut.abort();
    const latestMs = performance.now() + this.#options.drainTimeoutMs;
    await this.#calls.settled(this.#options.drainTimeoutMs);
    void this.#calls.run(undefined, () => store.done());
    await this.#calls.settled(Math.max(0, latestMs - performance.now()));
    store.close();
  }

  async #open(options: CallOptions | undefined): Promise<void> {
    this.#opened = open(this.#options);
    try {
      await this.#ping(options?.signal);
      void this.#tellKeys(this.#opened.shut.signal);
    } catch (error) {
      void this.#shut();
      throw error;
    }
  }

  async #ping(signal: Signal): Promise<void> {
    const { store } = this.#opened;
    await this.#calls.run(signal, () => store.exists(NOBODYS_KEY, signal));
    void this.#calls.run(undefined, () => store.healAll());
  }

  /** Nobody waits for it: the store can be used without. */
  async #tellKeys(shut: AbortSignal): Promise<void> {
    const { label, logger, managePort, connectTimeoutMs } = this.#options;
    if (managePort === undefined) return;
    const signal = AbortSignal.any([shut, AbortSignal.timeout(connectTimeoutMs)]);
    try {
      logger.log(`${label} has ${await this.#countKeys(managePort, signal)} keys`);
    } catch (error) {
      if (!shut.aborted) logger.warn((error as Error).message);
    }
  }

  #countKeys(port: number, signal: Signal): Promise<number> {
    const { host, label } = this.#options;
    return countKeys({ host, port, label }, signal);
  }

  /** The server's own search says where the first gap is at the latest; up to there each key is asked for. */
  async #existsMany(keys: readonly ChunkKey[], options: ExistsManyOptions = {}): Promise<readonly boolean[]> {
    const { signal, withMetadata = false, upToGap = false } = options;
    const { store, layout } = this.#opened;
    const end = upToGap && keys.length > 1 ? await this.#latestGap(keys, signal) : keys.length;
    const found = keys.map(() => false);
    const quick: number[] = [];
    const others: Promise<unknown>[] = [];
    for (const [i, key] of keys.slice(0, end).entries()) {
      const isQuick = layout.isNameEnough(withMetadata) && this.#hasName(key);
      if (isQuick && store.isAtRest(layout.keyOf(key))) quick.push(i);
      else others.push(this.#exists(key, options).then((isThere) => (found[i] = isThere)));
    }
    const names = quick.map((i) => layout.keyOf(keys[i] as ChunkKey));
    const asking = this.#calls.run(signal, () => store.existsMany(names, upToGap, signal));
    const [answers] = await Promise.all([asking, ...others]);
    for (const [at, i] of quick.entries()) found[i] = answers[at] ?? false;
    return found;
  }

  async #latestGap(keys: readonly ChunkKey[], signal: Signal): Promise<number> {
    const { store, layout } = this.#opened;
    const unnamed = keys.findIndex((key) => !this.#hasName(key));
    const names = keys.slice(0, unnamed === -1 ? keys.length : unnamed).map((key) => layout.keyOf(key));
    if (names.length === 0) return 0;
    return this.#calls.run(signal, async () => (await store.matchLastIndex(names, signal)) + 1);
  }

  #exists(key: ChunkKey, options: ExistsOptions | undefined): Promise<boolean> {
    const withMetadata = options?.withMetadata ?? false;
    return this.#call(key, false, options, (signal) =>
      this.#locked(key, 'shared', signal, (layout) => layout.exists(key, withMetadata, signal)),
    );
  }

  async #put(layout: InfinistoreLayout, chunk: ArenaHandle, signal: Signal): Promise<SendOutcome> {
    const patience = new Patience(signal, this.#options.putPatienceMs ?? PUT_PATIENCE_MS);
    try {
      return await layout.put(chunk, { signal, cut: patience.signal });
    } finally {
      patience.end();
    }
  }

  #run<T>(key: ChunkKey, unnamed: T, options: CallOptions | undefined, work: Work<T>): Promise<T> {
    return this.#lifecycle.run(() => this.#call(key, unnamed, options, work));
  }

  /** @param unnamed the answer where the layout has no name for the key. */
  #call<T>(key: ChunkKey, unnamed: T, { signal }: CallOptions = {}, work: Work<T>): Promise<T> {
    if (!this.#hasName(key)) return Promise.resolve(unnamed);
    return this.#calls.run(signal, () => work(signal), giveBack);
  }

  #locked<T>(
    key: ChunkKey,
    mode: 'shared' | 'exclusive',
    signal: Signal,
    body: (layout: InfinistoreLayout) => Promise<T>,
  ): Promise<T> {
    const { store, layout } = this.#opened;
    return store.locks.run(layout.keyOf(key), mode, signal, () => body(layout));
  }

  #hasName(key: ChunkKey): boolean {
    return Buffer.byteLength(formatStoreKey(key)) <= this.capabilities.maxKeyBytes;
  }
}

function open(options: InfinistoreConnectorOptions): Opened {
  const store = new InfinistoreStore(options);
  const Layout = options.layout === 'sealed' ? SealedLayout : LmcacheLayout;
  const layout = new Layout(store, options.place, options.maxValueBytes);
  return { store, layout, shut: new AbortController() };
}

function giveBack(late: unknown): void {
  if (typeof late === 'object' && late !== null && Symbol.dispose in late)
    (late as Disposable)[Symbol.dispose]();
}
