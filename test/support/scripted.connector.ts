import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';

/** One call that waits for the test to answer it. */
export interface ScriptedCall {
  readonly operation: string;
  readonly options: CallOptions | undefined;
  readonly chunks: readonly ArenaHandle[];
  answer(value: unknown): void;
  fail(error: unknown): void;
}

/**
 * A connector that answers each call when, and with what, a test says. A fake, because no real store can be made to
 * answer at a chosen moment.
 */
export class ScriptedConnector implements RemoteConnector {
  readonly capabilities: ConnectorCapabilities = {
    persistent: false,
    shared: true,
    retains: true,
    batch: true,
    list: true,
    remove: true,
    ttl: false,
    metadata: 'any',
    checksum: true,
    maxValueBytes: Number.MAX_SAFE_INTEGER,
    maxKeyBytes: Number.MAX_SAFE_INTEGER,
  };
  /** Every call so far. */
  readonly calls: ScriptedCall[] = [];
  /** Answers at once instead: a value, or an error. */
  script: ((operation: string) => unknown) | undefined;

  get last(): ScriptedCall {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('the connector was not called');
    return call;
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#wait('connect', options);
  }

  close(): Promise<void> {
    return this.#wait('close');
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#wait('ping', options);
  }

  exists(_key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    return this.#wait('exists', options);
  }

  get(_key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#wait('get', options);
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#wait('put', options, [chunk]);
  }

  remove(_key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.#wait('remove', options);
  }

  list(_cursor: string, _count: number, options?: CallOptions): Promise<ListPage> {
    return this.#wait('list', options);
  }

  existsMany(_keys: readonly ChunkKey[], options?: ExistsOptions): Promise<readonly boolean[]> {
    return this.#wait('existsMany', options);
  }

  getMany(_keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#wait('getMany', options);
  }

  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return this.#wait('putMany', options, chunks);
  }

  removeMany(_keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.#wait('removeMany', options);
  }

  #wait<T>(operation: string, options?: CallOptions, chunks: readonly ArenaHandle[] = []): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answer = (value: unknown): void => resolve(value as T);
    this.calls.push({ operation, options, chunks, answer, fail: reject });
    const scripted = this.script?.(operation);
    if (scripted instanceof Error) reject(scripted);
    else if (scripted !== undefined) answer(scripted);
    return promise;
  }
}
