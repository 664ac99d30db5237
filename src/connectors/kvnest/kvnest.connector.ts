import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ClientSettings } from '../../client/options/client-settings.js';
import { type ChunkKey, MAX_KEY_BYTES } from '../../protocols/chunk-key/chunk-key.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { type IntakePlace } from '../intake/value-intake.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { listKeys } from './key-listing.js';
import { KvnestReads } from './kvnest-reads.js';
import { describeHello } from './kvnest-requests.js';
import { KvnestServers } from './kvnest-servers.js';
import { KvnestWrites } from './kvnest-writes.js';

export interface KvnestConnectorOptions {
  /** What errors call the store. */
  readonly label: string;
  readonly place: IntakePlace;
  readonly settings: ClientSettings;
  /** Servers are asked for what lies in tiers of their own only. Default false. */
  readonly localOnly?: boolean;
}

const CAPABILITIES: ConnectorCapabilities = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: true,
  remove: true,
  ttl: true,
  metadata: 'any',
  checksum: true,
  // Each server has a limit of its own.
  maxValueBytes: Number.MAX_SAFE_INTEGER,
  // Names in text, which this counts, are longer than those on the wire.
  maxKeyBytes: 3 * MAX_KEY_BYTES,
};

/** Chunks in another kvnest, or in several, over kvnest's own protocol: they are there as they are here. */
export class KvnestConnector implements RemoteConnector {
  readonly capabilities = CAPABILITIES;
  readonly #servers: KvnestServers;
  readonly #reads: KvnestReads;
  readonly #writes: KvnestWrites;
  readonly #lifecycle: ConnectorLifecycle;

  constructor({ label, place, settings, localOnly = false }: KvnestConnectorOptions) {
    const servers = new KvnestServers(label, settings);
    this.#servers = servers;
    this.#reads = new KvnestReads(servers, place, localOnly);
    this.#writes = new KvnestWrites(servers, label);
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (call) => servers.open(call?.signal),
      shut: () => servers.close(),
    });
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#lifecycle.run(() => this.#reads.ping(options));
  }

  /** What those say that answer. */
  async describe(options?: CallOptions): Promise<string> {
    await this.ping(options);
    const { servers } = this.#servers.cluster;
    const hellos = servers.flatMap(({ hello, isPromising }) =>
      hello !== undefined && isPromising ? [hello] : [],
    );
    const words = [...new Set(hellos.map(describeHello))].join('; ');
    return servers.length === 1 ? words : `${hellos.length} of ${servers.length} servers: ${words}`;
  }

  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const [found = false] = await this.existsMany([key], options);
    return found;
  }

  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(() => this.#reads.exists(keys, options));
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    const [outcome = 'miss'] = await this.getMany([key], options);
    return outcome;
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#lifecycle.run(() => this.#reads.fetch(keys, options));
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#lifecycle.run(() => this.#writes.put(chunk, options));
  }

  /** Each in a request of its own, all on their way at once: one that is taken back half sent takes none of the others along. */
  async putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return this.#lifecycle.run(async () => {
      const settled = await Promise.allSettled(chunks.map((chunk) => this.#writes.put(chunk, options)));
      return settled.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    });
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const [removed = false] = await this.removeMany([key], options);
    return removed;
  }

  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.#lifecycle.run(() => this.#writes.remove(keys, options));
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.#lifecycle.run(() => listKeys(this.#servers, cursor, count, options));
  }
}
