import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type ConnectorLogger } from '../../connectors/connector-definition.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { backendClosed, chunkNotSealed, notSupported } from '../backend-errors.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
  type StorageBackend,
} from '../storage-backend.interface.js';
import { type RemoteOptions } from './remote.config.js';

export interface RemoteBackendOptions {
  readonly name: string;
  /** What errors and logs call the store. */
  readonly label: string;
  readonly connector: RemoteConnector;
  readonly options: RemoteOptions;
  readonly logger: ConnectorLogger;
}

/** Chunks in a store elsewhere, through a connector. */
export class RemoteBackend implements StorageBackend {
  readonly type = 'remote';
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly #connector: RemoteConnector;
  #isOpen = false;

  constructor({ name, connector }: RemoteBackendOptions) {
    this.name = name;
    this.#connector = connector;
    const { persistent, shared, list, ttl, metadata, maxValueBytes } = connector.capabilities;
    this.capabilities = {
      persistent,
      shared,
      zeroCopy: false,
      scan: list,
      expiry: ttl,
      metadata,
      accounted: false,
      maxChunkBytes: maxValueBytes,
    };
  }

  async open(): Promise<void> {
    await this.#connector.connect();
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#connector.close();
  }

  async contains(key: ChunkKey, options?: ContainsOptions): Promise<boolean> {
    return this.#open().exists(key, { withMetadata: options?.withMetadata ?? false });
  }

  async containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<number> {
    const found = await this.#open().existsMany(keys, { withMetadata: options?.withMetadata ?? false });
    const gap = found.indexOf(false);
    return gap === -1 ? keys.length : gap;
  }

  isPutPending(): boolean {
    return false;
  }

  async putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    const connector = this.#open();
    if (handles.some(({ state }) => state === 'reserved')) throw chunkNotSealed(this.name);
    const kept = handles.map((handle) => handle.retain());
    try {
      return await connector.putMany(kept);
    } catch {
      return handles.map(() => 'failed');
    } finally {
      for (const handle of kept) handle[Symbol.dispose]();
    }
  }

  async get(key: ChunkKey): Promise<ReadOutcome> {
    return this.#open().get(key);
  }

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    return this.#open().getMany(keys);
  }

  async pin(key: ChunkKey): Promise<boolean> {
    return this.contains(key);
  }

  async unpin(key: ChunkKey): Promise<boolean> {
    return this.contains(key);
  }

  async remove(key: ChunkKey): Promise<boolean> {
    return this.#open().remove(key);
  }

  async removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    return this.#open().removeMany(keys);
  }

  async expire(key: ChunkKey): Promise<boolean> {
    return this.contains(key);
  }

  async expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    return (await this.contains(key)) ? 0 : undefined;
  }

  clear(): number {
    this.#open();
    return 0;
  }

  scan(): ScanPage {
    throw notSupported(this.name, 'scan');
  }

  usage(): BackendUsage {
    return {
      capacityBytes: 0,
      usedBytes: 0,
      chunks: 0,
      evictions: 0,
      leasedBytes: 0,
      pinnedBytes: 0,
      corruptions: 0,
      healthy: true,
    };
  }

  #open(): RemoteConnector {
    if (this.#isOpen) return this.#connector;
    throw backendClosed(this.name);
  }
}
