import { type ArenaHandle } from '../arena/arena.interface.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from './remote-connector.interface.js';

/** A connector whose batched forms are loops over the single ones, all at once: what most stores need. */
export abstract class LoopingConnector implements RemoteConnector {
  abstract readonly capabilities: ConnectorCapabilities;

  abstract connect(options?: CallOptions): Promise<void>;
  abstract close(): Promise<void>;
  abstract ping(options?: CallOptions): Promise<void>;
  abstract exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean>;
  abstract get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome>;
  abstract put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome>;
  abstract remove(key: ChunkKey, options?: CallOptions): Promise<boolean>;
  abstract list(cursor: string, count: number, options?: CallOptions): Promise<ListPage>;

  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    return Promise.all(keys.map((key) => this.exists(key, options)));
  }

  /** One failure fails the batch; the chunks that were read are given back. */
  async getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    const settled = await Promise.allSettled(keys.map((key) => this.get(key, options)));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      for (const result of settled) {
        if (result.status === 'fulfilled' && typeof result.value !== 'string') result.value[Symbol.dispose]();
      }
      throw failed.reason;
    }
    return settled.map((result) => (result as PromiseFulfilledResult<FetchOutcome>).value);
  }

  async putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const settled = await Promise.allSettled(chunks.map((chunk) => this.put(chunk, options)));
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return Promise.all(keys.map((key) => this.remove(key, options)));
  }
}
