import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { createArena } from '../../src/arena/create-arena.js';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { type PutOutcome } from '../../src/backends/storage-backend.interface.js';
import { LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../src/connectors/loopback/loopback.store.js';
import { adaptPlainConnector } from '../../src/connectors/plain-connector.adapter.js';
import { type ConnectorCapabilities } from '../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { type ChunkSpec, sealedChunk } from '../contracts/chunks/chunk-bytes.js';
import { ManualClock } from './clock.js';
import { RecordingLogger } from './recording-logger.js';
import { UnreliableConnector } from './unreliable.connector.js';

/** Times that no test waits for. */
export const PATIENT = {
  timeout_ms: 60_000,
  lookup_timeout_ms: 60_000,
  connect_timeout_ms: 60_000,
  ping_interval_ms: 60_000,
};

export interface RemoteTierWorldOptions {
  readonly options?: Partial<RemoteOptions>;
  readonly capabilities?: Partial<ConnectorCapabilities>;
  /** Default 24 MiB. */
  readonly arenaBytes?: number;
}

/** A remote tier over a store of this process, whose faults a test directs, with an arena of its own. */
export class RemoteTierWorld {
  readonly arena: Arena;
  readonly space: ArenaSpaceService;
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly store: LoopbackStore = new Map();
  readonly connector: UnreliableConnector;
  readonly backend: RemoteBackend;
  readonly #freeBytes: number;

  constructor({ options, capabilities, arenaBytes = 24 * 2 ** 20 }: RemoteTierWorldOptions = {}) {
    this.arena = createArena({ capacityBytes: arenaBytes, native: false });
    this.#freeBytes = this.arena.usage().freeBytes;
    this.space = new ArenaSpaceService(this.arena);
    const { arena, space, clock, logger, store } = this;
    const label = 'loopback://test';
    const loopback = adaptPlainConnector(new LoopbackConnector(store, clock), { arena, space, label });
    this.connector = new UnreliableConnector(loopback, capabilities);
    this.backend = new RemoteBackend({
      name: 'far',
      label,
      connector: this.connector,
      arena,
      space,
      options: Object.assign(new RemoteOptions(), { retries: 0, ping_interval_ms: 20 }, options),
      clock,
      logger,
    });
  }

  static async open(options?: RemoteTierWorldOptions): Promise<RemoteTierWorld> {
    const world = new RemoteTierWorld(options);
    await world.backend.open();
    return world;
  }

  chunk(name: string, spec: Partial<ChunkSpec> = {}): ArenaHandle {
    return sealedChunk(this.arena, this.space, { key: ChunkKey.of(name), ...spec });
  }

  async put(name: string, spec?: Partial<ChunkSpec>): Promise<PutOutcome | undefined> {
    using handle = this.chunk(name, spec);
    const [outcome] = await this.backend.putMany([handle]);
    return outcome;
  }

  /** The bytes of a chunk, or why there are none. */
  async read(name: string): Promise<Buffer | string> {
    const outcome = await this.backend.get(ChunkKey.of(name));
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return Buffer.concat(handle.views);
  }

  /** @throws when somebody forgot a chunk in the arena. */
  async close(): Promise<void> {
    this.connector.recover();
    await this.backend.close();
    const { references, freeBytes } = this.arena.usage();
    this.arena.close();
    if (references !== 0 || freeBytes !== this.#freeBytes) throw new Error('a chunk was left in the arena');
  }
}
