import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { createArena } from '../../src/arena/create-arena.js';
import { type NixlBackend } from '../../src/backends/nixl/nixl.backend.js';
import { type BackendPeer } from '../../src/backends/storage-backend.interface.js';
import { systemClock } from '../../src/common/clock.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, sealedChunk } from '../contracts/chunks/chunk-bytes.js';
import { connectorFromUrl } from './connector-from-url.js';
import { KvnestStore, type KvnestStoreOptions } from './kvnest-store.js';
import { nixlTier } from './nixl-tier.js';
import { RecordingLogger } from './recording-logger.js';

const MIB = 1024 * 1024;

/** Short enough to be seen to pass, long enough for a loaded machine. */
const QUICK = { back_off_ms: 50, max_back_off_ms: 400, connect_timeout_ms: 1_000 };

/** Real servers that are peers, and tiers that read from them. */
export class PeerWorld implements AsyncDisposable {
  readonly arena: Arena = createArena({ capacityBytes: 64 * MIB, native: false });
  readonly space = new ArenaSpaceService(this.arena);
  readonly logger = new RecordingLogger();
  readonly #writers = new Map<KvnestStore, RemoteConnector>();
  readonly #tiers: NixlBackend[] = [];
  readonly #free = this.arena.usage();

  private constructor(readonly stores: readonly KvnestStore[]) {}

  static async start(count: number, options?: KvnestStoreOptions): Promise<PeerWorld> {
    const started = await Promise.allSettled(Array.from({ length: count }, () => KvnestStore.start(options)));
    const stores = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    if (stores.length === count) return new PeerWorld(stores);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
    throw (started.find((each) => each.status === 'rejected') as PromiseRejectedResult).reason as Error;
  }

  store(index: number): KvnestStore {
    const store = this.stores[index];
    if (store === undefined) throw new Error(`there is no store ${index}`);
    return store;
  }

  /** As it was at the start, with the same servers. */
  async reset(): Promise<void> {
    await this.closeTiers();
    this.logger.lines.splice(0);
    await Promise.all(
      this.stores.map(async (store) => {
        store.process.thaw();
        await store.clear().catch(() => store.restart());
      }),
    );
  }

  /** A tier over the first `count` of them, or all, open. */
  async tier(
    given: Readonly<Record<string, unknown>> = {},
    count = this.stores.length,
  ): Promise<NixlBackend> {
    const peers = this.stores.slice(0, count).map(({ url }) => url);
    const { arena, space, logger } = this;
    const tier = nixlTier({ peers, ...QUICK, ...given }, { arena, space, logger });
    this.#tiers.push(tier);
    await tier.open();
    return tier;
  }

  /** Puts a chunk of these bytes at one of the servers. */
  async put(index: number, key: ChunkKey, bytes: Buffer): Promise<void> {
    using chunk = sealedChunk(this.arena, this.space, { key, bytes });
    const outcome = await (await this.#writer(this.store(index))).put(chunk);
    if (outcome !== 'stored') throw new Error(`the server did not take a chunk: ${outcome}`);
  }

  /** Puts chunks of different bytes. @returns their keys. */
  async putRun(
    index: number,
    name: string,
    count: number,
    lengthBytes = 10_000,
  ): Promise<readonly ChunkKey[]> {
    const keys = Array.from({ length: count }, (_, i) => ChunkKey.of(`${name}-${i}`));
    for (const [i, key] of keys.entries()) await this.put(index, key, chunkBytes(lengthBytes, i));
    return keys;
  }

  /** What the status of a tier tells of the peer at a server. */
  peer(tier: NixlBackend, index: number): BackendPeer {
    const { address } = this.store(index);
    const peer = tier.usage().peers?.find(({ name }) => name.endsWith(address));
    if (peer === undefined) throw new Error(`the tier has no peer ${address}`);
    return peer;
  }

  /** Whether all memory is free again, when everything is closed. */
  async closeTiers(): Promise<boolean> {
    await Promise.all(this.#tiers.splice(0).map((tier) => tier.close()));
    await Promise.all([...this.#writers.values()].map((writer) => writer.close()));
    this.#writers.clear();
    const { references, freeBytes } = this.arena.usage();
    return references === 0 && freeBytes === this.#free.freeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.stores) process.thaw();
    await this.closeTiers();
    await Promise.all(this.stores.map((store) => store[Symbol.asyncDispose]()));
    this.arena.close();
  }

  async #writer(store: KvnestStore): Promise<RemoteConnector> {
    const known = this.#writers.get(store);
    if (known !== undefined) return known;
    const writer = await connectorFromUrl(store.url, {
      arena: this.arena,
      space: this.space,
      clock: systemClock,
    });
    await writer.connect();
    this.#writers.set(store, writer);
    return writer;
  }
}

/** The bytes of what was read, or why there are none; the chunk is given back. */
export function bytesOf(outcome: ArenaHandle | string): Buffer | string {
  if (typeof outcome === 'string') return outcome;
  using chunk = outcome;
  return Buffer.concat(chunk.views);
}
