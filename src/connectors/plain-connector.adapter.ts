import { type ArenaHandle } from '../arena/arena.interface.js';
import { isKvError } from '../common/errors/kv-error.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { formatStoreKey, parseStoreKey } from '../protocols/store-key/store-key.js';
import { type ConnectorContext } from './connector-definition.interface.js';
import { remoteFailed, remoteUnsupported } from './connector-errors.js';
import { ConnectorLifecycle } from './connector-lifecycle.js';
import { sealChunk } from './intake/seal-chunk.js';
import { SealedIntake } from './intake/sealed-intake.js';
import { intakePlace, type IntakePlace } from './intake/value-intake.js';
import { LateWrites } from './late-writes.js';
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
import { untilAborted } from './until-aborted.js';

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
  readonly #lifecycle: ConnectorLifecycle;
  readonly #late: LateWrites;

  constructor(plain: PlainConnector, context: PlainAdapterContext) {
    super();
    this.#plain = plain;
    this.#label = context.label;
    this.#place = intakePlace(context);
    this.#late = new LateWrites(context.label);
    this.#lifecycle = new ConnectorLifecycle({
      label: context.label,
      open: (options) => this.#named('connect', async () => plain.connect?.(options)),
      shut: () => this.#named('close', async () => plain.close?.()),
    });
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
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  async ping(options?: CallOptions): Promise<void> {
    await this.#call('ping', async () => {
      if (this.#plain.ping === undefined) await this.#plain.exists('kvnest:ping', options);
      else await this.#plain.ping(options);
    });
  }

  /** To know of the metadata, the value is read: names alone do not tell. */
  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    if (options?.withMetadata !== true)
      return this.#call('exists', () => this.#plain.exists(formatStoreKey(key), options));
    const outcome = await this.get(key, options);
    if (typeof outcome === 'string') return false;
    using handle = outcome;
    return handle.metadata.length > 0;
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    const value = await this.#call('get', () => this.#plain.get(formatStoreKey(key), options));
    if (value === undefined) return 'miss';
    using intake = new SealedIntake(this.#place, key, value.length);
    intake.write(value);
    return intake.finish();
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    const value = Buffer.concat(sealChunk(chunk, this.#place.crc32c));
    const { expiresAtMs } = chunk.attributes;
    await this.#change('put', chunk.key, options, (name) =>
      this.#plain.put(name, value, { ...options, expiresAtMs }),
    );
    return 'stored';
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const removed = await this.#change('remove', key, options, async (name) =>
      this.#plain.remove?.(name, options),
    );
    if (removed === undefined) throw remoteUnsupported(this.#label, 'remove');
    return removed;
  }

  async list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    const page = await this.#call('list', async () => this.#plain.list?.(cursor, count, options));
    if (page === undefined) throw remoteUnsupported(this.#label, 'list');
    return {
      keys: page.names.map((name) => parseStoreKey(name)).filter((key) => key !== undefined),
      cursor: page.cursor,
    };
  }

  /** An author who does not look at the signal goes on with what was taken back: it must not overtake the next change. */
  #change<T>(
    operation: string,
    key: ChunkKey,
    options: CallOptions | undefined,
    change: (name: string) => Promise<T>,
  ): Promise<T> {
    const running = this.#call(operation, async () => {
      await this.#late.settled([key], options?.signal);
      return change(formatStoreKey(key));
    });
    const answer = untilAborted(this.#label, options?.signal, running, () => undefined);
    return this.#late.watch(key, answer, running);
  }

  #call<T>(operation: string, run: () => Promise<T>): Promise<T> {
    return this.#lifecycle.run(() => this.#named(operation, run));
  }

  /** Errors that are not kvnest's own become so, that what is above need not know a hundred libraries. */
  async #named<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (isKvError(error)) throw error;
      const message = `${operation}: ${error instanceof Error ? error.message : String(error)}`;
      throw remoteFailed(this.#label, message, { retryable: true, cause: error });
    }
  }
}
