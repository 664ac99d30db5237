import { type ArenaHandle } from '../arena/arena.interface.js';
import { isKvError } from '../common/errors/kv-error.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { formatStoreKey, parseStoreKey } from '../protocols/store-key/store-key.js';
import { type ConnectorContext } from './connector-definition.interface.js';
import { remoteClosed, remoteFailed, remoteUnsupported } from './connector-errors.js';
import { type IntakePlace } from './intake/value-intake.js';
import { sealChunk } from './intake/seal-chunk.js';
import { SealedIntake } from './intake/sealed-intake.js';
import { LoopingConnector } from './looping-connector.js';
import { type PlainConnector } from './plain-connector.interface.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from './remote-connector.interface.js';

/** Makes a `RemoteConnector` of a plain one: chunks are sealed into one value each, and copied once on the way. */
export function adaptPlainConnector(plain: PlainConnector, context: PlainAdapterContext): RemoteConnector {
  return new PlainConnectorAdapter(plain, context);
}

export type PlainAdapterContext = Pick<ConnectorContext, 'arena' | 'space'> & {
  /** What errors call the store. */
  readonly label: string;
};

class PlainConnectorAdapter extends LoopingConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #plain: PlainConnector;
  readonly #label: string;
  readonly #place: IntakePlace;
  readonly #running = new Set<Promise<unknown>>();
  #connected: Promise<void> | undefined;

  constructor(plain: PlainConnector, { arena, space, label }: PlainAdapterContext) {
    super();
    this.#plain = plain;
    this.#label = label;
    this.#place = { space, crc32c: (bytes, previous) => arena.crc32c(bytes, previous) };
    this.capabilities = {
      persistent: false,
      shared: true,
      ttl: false,
      maxValueBytes: Number.MAX_SAFE_INTEGER,
      maxKeyBytes: Number.MAX_SAFE_INTEGER,
      ...plain.capabilities,
      retains: true,
      batch: false,
      list: plain.list !== undefined,
      remove: plain.remove !== undefined,
      metadata: 'any',
      checksum: true,
    };
  }

  connect(options?: CallOptions): Promise<void> {
    this.#connected ??= this.#call('connect', async () => this.#plain.connect?.(options)).catch(
      (error: unknown) => {
        this.#connected = undefined;
        throw error;
      },
    );
    return this.#connected;
  }

  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected === undefined) return;
    await Promise.allSettled([connected, ...this.#running]);
    await this.#call('close', async () => this.#plain.close?.());
  }

  async ping(options?: CallOptions): Promise<void> {
    this.#open();
    await this.#call('ping', async () => {
      if (this.#plain.ping === undefined) await this.#plain.exists('kvnest:ping', options);
      else await this.#plain.ping(options);
    });
  }

  /** To know of the metadata, the value is read: names alone do not tell. */
  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    this.#open();
    if (options?.withMetadata !== true)
      return this.#call('exists', () => this.#plain.exists(formatStoreKey(key), options));
    const outcome = await this.get(key, options);
    if (typeof outcome === 'string') return false;
    using handle = outcome;
    return handle.metadata.length > 0;
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    this.#open();
    const value = await this.#call('get', () => this.#plain.get(formatStoreKey(key), options));
    if (value === undefined) return 'miss';
    using intake = new SealedIntake(this.#place, key, value.length);
    intake.write(value);
    return intake.finish();
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    this.#open();
    const value = Buffer.concat(sealChunk(chunk, this.#place.crc32c));
    const { expiresAtMs } = chunk.attributes;
    await this.#call('put', () =>
      this.#plain.put(formatStoreKey(chunk.key), value, { ...options, expiresAtMs }),
    );
    return 'stored';
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    this.#open();
    const removed = await this.#call('remove', async () =>
      this.#plain.remove?.(formatStoreKey(key), options),
    );
    if (removed === undefined) throw remoteUnsupported(this.#label, 'remove');
    return removed;
  }

  async list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    this.#open();
    const page = await this.#call('list', async () => this.#plain.list?.(cursor, count, options));
    if (page === undefined) throw remoteUnsupported(this.#label, 'list');
    return {
      keys: page.names.map((name) => parseStoreKey(name)).filter((key) => key !== undefined),
      cursor: page.cursor,
    };
  }

  #open(): void {
    if (this.#connected === undefined) throw remoteClosed(this.#label);
  }

  /** Errors that are not kvnest's own become so, that what is above need not know a hundred libraries. */
  async #call<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const call = run();
    this.#running.add(call);
    try {
      return await call;
    } catch (error) {
      if (isKvError(error)) throw error;
      const message = `${operation}: ${error instanceof Error ? error.message : String(error)}`;
      throw remoteFailed(this.#label, message, { retryable: true, cause: error });
    } finally {
      this.#running.delete(call);
    }
  }
}
