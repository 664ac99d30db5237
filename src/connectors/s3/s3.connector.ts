import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { SEALED_FIXED_BYTES, sealedMetadataBytes } from '../../protocols/sealed-chunk/sealed-chunk.js';
import { type ConnectorContext } from '../connector-definition.interface.js';
import { remoteClosed, remoteUnsupported } from '../connector-errors.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { sealChunk } from '../intake/seal-chunk.js';
import { SealedIntake } from '../intake/sealed-intake.js';
import { intakePlace, type IntakePlace, ValueIntake } from '../intake/value-intake.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { type S3Location } from './s3-location.js';
import { S3ObjectNames } from './s3-object-names.js';
import { MAX_NAMES, S3Store } from './s3-store.js';
import { type S3Options } from './s3.config.js';

export type S3ConnectorContext = Pick<ConnectorContext, 'arena' | 'space'> & {
  /** What errors call the store. */
  readonly label: string;
  readonly location: S3Location;
  readonly options: S3Options;
};

/** What one PUT may carry, less the longest header of a sealed chunk. */
const MAX_CHUNK_BYTES = 5 * 2 ** 30 - 64 * 1024;

/** Chunks as objects of one bucket. */
export class S3Connector extends LoopingConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #label: string;
  readonly #sealed: boolean;
  readonly #names: S3ObjectNames;
  readonly #place: IntakePlace;
  readonly #lifecycle: ConnectorLifecycle;
  #store: S3Store | undefined;

  constructor(context: S3ConnectorContext) {
    super();
    const { label, location, options } = context;
    this.#label = label;
    this.#sealed = options.layout === 'sealed';
    this.#names = new S3ObjectNames(location.prefix, options.layout, options.max_name_bytes);
    this.#place = intakePlace(context);
    this.capabilities = {
      persistent: true,
      shared: true,
      retains: true,
      batch: false,
      list: options.layout !== 'lmcache',
      remove: true,
      ttl: false,
      metadata: this.#sealed ? 'any' : 'none',
      checksum: this.#sealed,
      maxValueBytes: MAX_CHUNK_BYTES,
      maxKeyBytes: options.max_name_bytes - Buffer.byteLength(location.prefix),
    };
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: async ({ signal } = {}) => {
        const store = await S3Store.open(location, options, label);
        try {
          await store.probe(location.prefix, signal);
        } catch (error) {
          store.close();
          throw error;
        }
        this.#store = store;
      },
      shut: () => {
        this.#store?.close();
        this.#store = undefined;
        return Promise.resolve();
      },
    });
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#run((store) => store.probe(this.#names.prefix, options?.signal));
  }

  /** A sealed chunk says in its first bytes how long its metadata is: one small read, as cheap as asking for the name. */
  exists(key: ChunkKey, { signal, withMetadata = false }: ExistsOptions = {}): Promise<boolean> {
    return this.#run(async (store) => {
      const name = this.#names.format(key);
      if (name === undefined) return false;
      if (!withMetadata) return store.has(name, signal);
      if (!this.#sealed) return false;
      const start = await store.readStart(name, SEALED_FIXED_BYTES, signal);
      return start !== undefined && sealedMetadataBytes(start) > 0;
    });
  }

  get(key: ChunkKey, { signal }: CallOptions = {}): Promise<FetchOutcome> {
    return this.#run(async (store) => {
      const name = this.#names.format(key);
      if (name === undefined) return 'miss';
      const take = async (bytes: AsyncIterable<Buffer>, lengthBytes: number): Promise<FetchOutcome> => {
        using intake = this.#intake(key, lengthBytes);
        for await (const part of bytes) intake.write(part);
        return intake.finish();
      };
      return (await store.read(name, take, signal)) ?? 'miss';
    });
  }

  put(chunk: ArenaHandle, { signal }: CallOptions = {}): Promise<SendOutcome> {
    return this.#run(async (store) => {
      const name = this.#names.format(chunk.key);
      const parts = this.#sealed ? sealChunk(chunk, this.#place.crc32c) : chunk.views;
      const taken = name !== undefined && (await store.write(name, parts, signal));
      return taken ? 'stored' : 'rejected';
    });
  }

  /** S3 does not say whether there was something to remove, so it is asked first. */
  remove(key: ChunkKey, { signal }: CallOptions = {}): Promise<boolean> {
    return this.#run(async (store) => {
      const name = this.#names.format(key);
      if (name === undefined || !(await store.has(name, signal))) return false;
      await store.remove(name, signal);
      return true;
    });
  }

  override async removeMany(
    keys: readonly ChunkKey[],
    options: CallOptions = {},
  ): Promise<readonly boolean[]> {
    const found = await this.existsMany(keys, options);
    const names = keys.map((key, i) => (found[i] === true ? this.#names.format(key) : undefined));
    const present = names.filter((name) => name !== undefined);
    await this.#run(async (store) => {
      for (let from = 0; from < present.length; from += MAX_NAMES)
        await store.removeMany(present.slice(from, from + MAX_NAMES), options.signal);
    });
    return found;
  }

  list(cursor: string, count: number, { signal }: CallOptions = {}): Promise<ListPage> {
    return this.#run(async (store) => {
      if (!this.capabilities.list) throw remoteUnsupported(this.#label, 'list');
      const page = await store.list(this.#names.prefix, cursor, count, signal);
      const keys = page.names.map((name) => this.#names.parse(name)).filter((key) => key !== undefined);
      return { keys, cursor: page.cursor };
    });
  }

  #intake(key: ChunkKey, lengthBytes: number): ChunkIntake {
    if (this.#sealed) return new SealedIntake(this.#place, key, lengthBytes);
    return new ValueIntake(this.#place, { key, lengthBytes });
  }

  #run<T>(call: (store: S3Store) => Promise<T>): Promise<T> {
    return this.#lifecycle.run(() => {
      const store = this.#store;
      return store === undefined ? Promise.reject(remoteClosed(this.#label)) : call(store);
    });
  }
}
