import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { LateWrites } from '../late-writes.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { expectNoError } from '../resp-client/resp-errors.js';
import { encodeCommand } from '../resp-client/resp-request.js';
import { ChunkReader } from './chunk-reader.js';
import { ChunkWriter } from './chunk-writer.js';
import { KeyListing } from './key-listing.js';
import { keyCommand } from './layouts/redis-commands.js';
import { type RedisLayout } from './layouts/redis-layout.interface.js';
import { RedisServers, type RedisServersOptions } from './redis-servers.js';

export interface RedisConnectorParts extends RedisServersOptions {
  /** What errors call the store. */
  readonly label: string;
  readonly layout: RedisLayout;
}

/** Longer than any name of a chunk, and far below what Redis takes. */
const MAX_KEY_BYTES = 1024 * 1024;

/** Chunks in Redis, Valkey and what speaks their protocol. */
export class RedisConnector extends LoopingConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #parts: RedisConnectorParts;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #servers: RedisServers;
  readonly #reader: ChunkReader;
  readonly #writer: ChunkWriter;
  readonly #listing: KeyListing;
  readonly #late: LateWrites;

  constructor(parts: RedisConnectorParts) {
    super();
    const { label, layout, topology } = parts;
    this.#parts = parts;
    this.#servers = new RedisServers(parts);
    this.#reader = new ChunkReader(label, this.#servers, layout);
    this.#late = new LateWrites(label);
    this.#writer = new ChunkWriter(label, this.#servers, layout, this.#late);
    this.#listing = new KeyListing(label, this.#servers, layout);
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (options) => this.#open(options),
      shut: async () => {
        this.#servers.close();
        await topology.close();
      },
    });
    this.capabilities = {
      persistent: false,
      shared: true,
      retains: true,
      batch: true,
      list: true,
      remove: true,
      ttl: true,
      metadata: layout.metadata,
      checksum: layout.checksum,
      maxValueBytes: layout.maxValueBytes,
      maxKeyBytes: MAX_KEY_BYTES,
    };
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#lifecycle.run(() => this.#ping(options));
  }

  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const [answer = false] = await this.existsMany([key], options);
    return answer;
  }

  override existsMany(keys: readonly ChunkKey[], options?: ExistsOptions): Promise<readonly boolean[]> {
    const { label, layout } = this.#parts;
    return this.#lifecycle.run(async () => {
      const requests = keys.map((key) => layout.exists(key, options?.withMetadata ?? false));
      const replies = await this.#servers.askMany(requests, options?.signal);
      expectNoError(label, replies);
      return replies.map((reply) => layout.isThere(reply));
    });
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#lifecycle.run(() => this.#reader.read(key, options?.signal));
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#lifecycle.run(() => this.#writer.write(chunk, options?.signal));
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const [removed = false] = await this.removeMany([key], options);
    return removed;
  }

  override removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    const { label, layout } = this.#parts;
    return this.#lifecycle.run(async () => {
      await this.#late.settled(keys, options?.signal);
      const redisKeys = keys.map((key) => layout.keysOf(key));
      const inOrder = [...redisKeys.map(([first]) => first), ...redisKeys.flatMap(([, ...rest]) => rest)];
      const requests = inOrder.map((redisKey) => keyCommand('DEL', redisKey));
      const replies = await this.#servers.askMany(requests, options?.signal);
      expectNoError(label, replies);
      return keys.map((_, i) => replies[i] === 1);
    });
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.#lifecycle.run(() => this.#listing.page(cursor, count, options?.signal));
  }

  async #open(options: CallOptions | undefined): Promise<void> {
    const { topology } = this.#parts;
    try {
      await topology.open(options?.signal);
      await this.#ping(options);
    } catch (error) {
      this.#servers.close();
      await topology.close();
      throw error;
    }
  }

  async #ping(options: CallOptions | undefined): Promise<void> {
    const { label } = this.#parts;
    const ping = [encodeCommand('PING')];
    await Promise.all(
      this.#servers.all().map(async (server) => {
        const replies = await this.#servers.send(server, ({ pool }) =>
          pool.ask(ping, { signal: options?.signal }),
        );
        expectNoError(label, replies);
      }),
    );
  }
}
