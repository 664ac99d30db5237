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
import { type InfinistoreClientOptions } from './infinistore-client.js';
import { InfinistoreStore } from './infinistore-store.js';
import { type InfinistoreLayout } from './layouts/infinistore-layout.interface.js';
import { LmcacheLayout } from './layouts/lmcache.layout.js';
import { SealedLayout } from './layouts/sealed.layout.js';
import { countKeys } from './manage-port.js';
import { Patience } from './patience.js';
import { UnfinishedCalls } from '../unfinished-calls.js';

/** A key that nobody has. */
const NOBODYS_KEY = 'kvnest:ping';
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

interface KeyCall<T> {
  readonly key: ChunkKey;
  readonly mode: 'shared' | 'exclusive';
  /** The answer where the layout has no name for the key. */
  readonly unnamed: T;
  readonly options: CallOptions | undefined;
}

/** A connection to the store: made anew whenever the connector connects. */
interface Opened {
  readonly store: InfinistoreStore;
  readonly layout: InfinistoreLayout;
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
  close(): Promise<void> {
    return this.#lifecycle.close();
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
    const withMetadata = options?.withMetadata ?? false;
    return this.#run({ key, mode: 'shared', unnamed: false, options }, (layout, signal) =>
      layout.exists(key, withMetadata, signal),
    );
  }

  /** The server's own search says where the first gap is at the latest; up to there each key is asked for. */
  override async existsMany(
    keys: readonly ChunkKey[],
    options?: ExistsManyOptions,
  ): Promise<readonly boolean[]> {
    const isSearch = options?.upToGap === true && keys.length > 1;
    const end = isSearch ? await this.#latestGap(keys, options.signal) : keys.length;
    const found = await super.existsMany(keys.slice(0, end), options);
    return keys.map((_, i) => found[i] ?? false);
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    const call: KeyCall<FetchOutcome> = { key, mode: 'shared', unnamed: 'miss', options };
    return this.#run(call, (layout, signal) => layout.get(key, signal));
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    // Until the last byte is sent, whether or not its caller waits for that.
    const kept = chunk.retain();
    const call: KeyCall<SendOutcome> = { key: chunk.key, mode: 'exclusive', unnamed: 'rejected', options };
    const putting = (layout: InfinistoreLayout, signal: Signal): Promise<SendOutcome> => {
      const patience = new Patience(signal, this.#options.putPatienceMs ?? PUT_PATIENCE_MS);
      return layout.put(kept, { signal, cut: patience.signal }).finally(() => patience.end());
    };
    return this.#run(call, putting, () => kept[Symbol.dispose]());
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.#run({ key, mode: 'exclusive', unnamed: false, options }, (layout, signal) =>
      layout.remove(key, signal),
    );
  }

  list(): Promise<ListPage> {
    return this.#lifecycle.run(() => Promise.reject(remoteUnsupported(this.#options.label, 'list')));
  }

  /** The connections end when nothing is on its way, or when that takes too long. */
  async #shut(): Promise<void> {
    const { store } = this.#opened;
    await this.#calls.settled(this.#options.drainTimeoutMs);
    store.close();
  }

  async #open(options: CallOptions | undefined): Promise<void> {
    this.#opened = open(this.#options);
    try {
      await this.#ping(options?.signal);
      await this.#tellKeys(options?.signal);
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

  async #tellKeys(signal: Signal): Promise<void> {
    const { label, logger, managePort } = this.#options;
    if (managePort === undefined) return;
    try {
      logger.log(`${label} has ${await this.#countKeys(managePort, signal)} keys`);
    } catch (error) {
      logger.warn((error as Error).message);
    }
  }

  #countKeys(port: number, signal: Signal): Promise<number> {
    const { host, label } = this.#options;
    return countKeys({ host, port, label }, signal);
  }

  async #latestGap(keys: readonly ChunkKey[], signal: Signal): Promise<number> {
    const { store, layout } = this.#opened;
    const unnamed = keys.findIndex((key) => !this.#hasName(key));
    const names = keys.slice(0, unnamed === -1 ? keys.length : unnamed).map((key) => layout.keyOf(key));
    if (names.length === 0) return 0;
    return this.#lifecycle.run(() =>
      this.#calls.run(signal, async () => (await store.matchLastIndex(names, signal)) + 1),
    );
  }

  /** @param end runs when nothing of the call goes on any more. */
  #run<T>(
    { key, mode, unnamed, options: { signal } = {} }: KeyCall<T>,
    body: (layout: InfinistoreLayout, signal: Signal) => Promise<T>,
    end: () => void = () => undefined,
  ): Promise<T> {
    let hasBegun = false;
    const call = async (): Promise<T> => {
      hasBegun = true;
      try {
        if (!this.#hasName(key)) return unnamed;
        const { store, layout } = this.#opened;
        return await store.locks.run(layout.keyOf(key), mode, signal, () => body(layout, signal));
      } finally {
        end();
      }
    };
    return this.#lifecycle
      .run(() => this.#calls.run(signal, call, giveBack))
      .finally(() => {
        if (!hasBegun) end();
      });
  }

  #hasName(key: ChunkKey): boolean {
    return Buffer.byteLength(formatStoreKey(key)) <= this.capabilities.maxKeyBytes;
  }
}

function open(options: InfinistoreConnectorOptions): Opened {
  const store = new InfinistoreStore(options);
  const Layout = options.layout === 'sealed' ? SealedLayout : LmcacheLayout;
  return { store, layout: new Layout(store, options.place, options.maxValueBytes) };
}

function giveBack(late: unknown): void {
  if (typeof late === 'object' && late !== null && Symbol.dispose in late)
    (late as Disposable)[Symbol.dispose]();
}
