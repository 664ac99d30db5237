import {
  type ClearFilter,
  type KeyOptions,
  type LookupAnswer,
  type LookupOptions,
  type PrefixOptions,
  type PutOptions,
  type PutResult,
  type RetrievedChunk,
  type StoreAnswer,
  type StoreChunk,
  type StoredValue,
  type StoreOptions,
} from '../../../src/client/kvnest-client.interface.js';

export type DoorKey = string | Buffer;

/**
 * A cache from outside, as `KvnestClient` has it and as far as all doors can say it. What a door has no words for is not in
 * its `DoorCapabilities`, and is not called. Calls fail with an object that has the `code` of the error.
 */
export interface DoorClient {
  put(key: DoorKey, bytes: Buffer, options?: PutOptions): Promise<PutResult>;
  /** In the order of the keys. */
  getMany(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly (StoredValue | undefined)[]>;
  exists(
    keys: readonly DoorKey[],
    options?: KeyOptions & { readonly lease?: boolean },
  ): Promise<readonly boolean[]>;
  delete(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]>;
  pin(
    keys: readonly DoorKey[],
    options?: KeyOptions & { readonly pinMs?: number },
  ): Promise<readonly boolean[]>;
  unpin(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]>;
  lookup(tokens: readonly number[], options: LookupOptions): Promise<LookupAnswer>;
  store(
    tokens: readonly number[],
    chunks: readonly StoreChunk[],
    options: StoreOptions,
  ): Promise<readonly StoreAnswer[]>;
  retrieve(tokens: readonly number[], options: PrefixOptions): Promise<readonly RetrievedChunk[]>;
  /** @returns how many chunks were removed; NaN where the door does not tell. */
  clear(filter?: ClearFilter): Promise<number>;
  status(): Promise<DoorClientStatus>;
  close(): Promise<void>;
}

export interface DoorClientStatus {
  readonly draining: boolean;
  readonly tiers: readonly { readonly name: string; readonly chunks: number }[];
  readonly doors: readonly { readonly name: string }[];
}

/** What can be said through a door. */
export interface DoorCapabilities {
  /** Keys that are no text. */
  readonly binaryKeys: boolean;
  /** Metadata and checksums go with values. */
  readonly metadata: boolean;
  readonly pins: boolean;
  /** Calls by tokens. */
  readonly tokens: boolean;
  readonly status: boolean;
  /** Why a value was not stored; without it the value is dropped without a word. */
  readonly reasons: boolean;
  /** Whether a question for keys leases only when it is to. */
  readonly leaseOptional: boolean;
  readonly maxNamespace: number;
  readonly maxValueBytes: number;
}

export interface DoorContract {
  readonly capabilities: DoorCapabilities;
  /** Codes of what is an error of another kind at this door: refusals, and keys that it cannot even name. */
  readonly errors: Partial<Record<'too-large' | 'checksum' | 'empty-key', string>>;
  /** Code of wrong input; undefined: the door has no such errors. */
  readonly inputCode: 'KV_INPUT_INVALID' | 'KV_CLIENT_INPUT' | undefined;
  /** Of the server. */
  readonly chunkTokens: number;
  /** A client of a server that runs. */
  open(): Promise<DoorClient>;
  /** Stores so much else that of what was there only what is leased or pinned is left. */
  pressure(): Promise<void>;
  /** Takes all room for values on their way, until it is disposed. */
  crowd(): Promise<Disposable>;
  /** A client of another server, which has begun to end and has the value `drained` under the key `drained`. */
  openDraining(): Promise<DoorClient>;
}

/** What the suites have: the contract, and a client of an empty cache. */
export interface DoorWorld {
  readonly contract: DoorContract;
  readonly client: DoorClient;
}
