import { type Observable } from 'rxjs';
import { Asker } from './calls/asker.js';
import { ChunkRetrieval } from './calls/chunk-retrieval.js';
import { ChunkStream } from './calls/chunk-stream.js';
import { KeyCalls } from './calls/key-calls.js';
import { NamedCalls } from './calls/named-calls.js';
import { PrefixCalls } from './calls/prefix-calls.js';
import { PutCalls } from './calls/put-calls.js';
import { type Cluster } from './cluster/cluster.js';
import {
  type CacheEvent,
  type CallOptions,
  type ChunkEvent,
  type ClearFilter,
  type GetOptions,
  type KeyOptions,
  type KvnestClient,
  type LookupAnswer,
  type LookupOptions,
  type PrefixOptions,
  type PutItem,
  type PutOptions,
  type PutResult,
  type Retrieval,
  type StoreAnswer,
  type StoreChunk,
  type StoredValue,
  type StoreOptions,
  type ValueBytes,
} from './kvnest-client.interface.js';
import { type ClientSettings } from './options/client-settings.js';

type Key = string | Uint8Array;

/** The client: each of its calls, by the part that knows how it goes. */
export class CacheClient implements KvnestClient {
  readonly #asker: Asker;
  readonly #keys: KeyCalls;
  readonly #puts: PutCalls;
  readonly #prefixes: PrefixCalls;
  readonly #named: NamedCalls;

  constructor(cluster: Cluster, settings: ClientSettings) {
    this.#asker = new Asker(cluster, settings);
    this.#keys = new KeyCalls(this.#asker);
    this.#puts = new PutCalls(this.#asker);
    this.#prefixes = new PrefixCalls(this.#asker);
    this.#named = new NamedCalls(this.#asker);
  }

  put(key: Key, bytes: ValueBytes, options: PutOptions = {}): Promise<PutResult> {
    return this.#puts.put({ ...options, key, bytes }, options);
  }

  putMany(
    items: readonly PutItem[],
    options: Omit<PutOptions, 'metadata' | 'ttlMs' | 'checksum'> = {},
  ): Promise<readonly PutResult[]> {
    return this.#puts.putMany(items, options);
  }

  get(key: Key, options: GetOptions = {}): Promise<Uint8Array | undefined> {
    return this.#keys.get(key, options.into, options);
  }

  getMany(keys: readonly Key[], options: KeyOptions = {}): Promise<readonly (StoredValue | undefined)[]> {
    return this.#keys.getMany(keys, options);
  }

  exists(
    keys: readonly Key[],
    { lease = false, ...options }: KeyOptions & { readonly lease?: boolean } = {},
  ): Promise<readonly boolean[]> {
    return this.#keys.exists(keys, lease, options);
  }

  delete(keys: readonly Key[], options: KeyOptions = {}): Promise<readonly boolean[]> {
    return this.#keys.delete(keys, options);
  }

  pin(
    keys: readonly Key[],
    { pinMs, ...options }: KeyOptions & { readonly pinMs?: number } = {},
  ): Promise<readonly boolean[]> {
    return this.#keys.pin(keys, pinMs, options);
  }

  unpin(keys: readonly Key[], options: KeyOptions = {}): Promise<readonly boolean[]> {
    return this.#keys.unpin(keys, options);
  }

  lookup(tokens: ArrayLike<number>, options: LookupOptions = {}): Promise<LookupAnswer> {
    return this.#prefixes.lookup(tokens, options);
  }

  store(
    tokens: ArrayLike<number>,
    chunks: readonly StoreChunk[],
    options: StoreOptions = {},
  ): Promise<readonly StoreAnswer[]> {
    return this.#prefixes.store(tokens, chunks, options);
  }

  retrieve(tokens: ArrayLike<number>, options: PrefixOptions = {}): Retrieval {
    return new ChunkRetrieval(() => this.#openStream(tokens, options));
  }

  clear(filter: ClearFilter = {}, options: CallOptions = {}): Promise<number> {
    return this.#named.clear(filter, options);
  }

  status(options: CallOptions = {}): Promise<ReadonlyMap<string, object | undefined>> {
    return this.#named.status(options);
  }

  events(...types: readonly ChunkEvent['type'][]): Observable<CacheEvent> {
    return this.#named.events(types);
  }

  send(pattern: string, data: unknown, options: CallOptions = {}): Observable<unknown> {
    return this.#named.send(pattern, data, options);
  }

  close(): Promise<void> {
    return this.#asker.cluster.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #openStream(tokens: ArrayLike<number>, options: PrefixOptions): ChunkStream {
    const { cluster, settings } = this.#asker;
    const { missesOutages, verifies } = settings;
    const { signal } = options;
    return new ChunkStream({
      missesOutages,
      verifies,
      deadlines: cluster.deadlines,
      timeoutMs: options.timeoutMs ?? settings.timeoutMs,
      start: (taker) => {
        this.#asker.limits(options);
        const { server, request } = this.#prefixes.retrieve(tokens, options);
        return cluster.ask(server, 'stream', request, { signal, timeoutMs: 0 }, taker);
      },
    });
  }
}
