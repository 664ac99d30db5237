import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { type AuditLine, type AuditLog, formatChecksum } from './audit-log.js';
import { type ChecksumMemory } from './checksum-memory.js';

export interface AuditConnectorOptions {
  readonly actual: RemoteConnector;
  readonly log: AuditLog;
  /** Of what was put, where gets are compared with it. */
  readonly memory: ChecksumMemory | undefined;
}

/** Leaves a line in the log for every call to another connector, and changes nothing. */
export class AuditConnector implements RemoteConnector {
  readonly #actual: RemoteConnector;
  readonly #log: AuditLog;
  readonly #memory: ChecksumMemory | undefined;

  constructor({ actual, log, memory }: AuditConnectorOptions) {
    this.#actual = actual;
    this.#log = log;
    this.#memory = memory;
  }

  get capabilities(): ConnectorCapabilities {
    return this.#actual.capabilities;
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#plain('connect', () => this.#actual.connect(options));
  }

  close(): Promise<void> {
    return this.#plain('close', () => this.#actual.close());
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#plain('ping', () => this.#actual.ping(options));
  }

  async exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const run = async (): Promise<readonly boolean[]> => [await this.#actual.exists(key, options)];
    return first(await this.#found('exists', [key], run));
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    const run = async (): Promise<readonly FetchOutcome[]> => [await this.#actual.get(key, options)];
    return first(await this.#fetched('get', [key], run));
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    const run = async (): Promise<readonly SendOutcome[]> => [await this.#actual.put(chunk, options)];
    return first(await this.#sent('put', [chunk], run));
  }

  async remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const run = async (): Promise<readonly boolean[]> => [await this.#actual.remove(key, options)];
    return first(await this.#removed('remove', [key], run));
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    const lines = ({ keys }: ListPage): readonly AuditLine[] => [{ outcome: 'ok', chunks: keys.length }];
    return this.#log.call({ operation: 'list', lines }, () => this.#actual.list(cursor, count, options));
  }

  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    return this.#found('existsMany', keys, () => this.#actual.existsMany(keys, options));
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    return this.#fetched('getMany', keys, () => this.#actual.getMany(keys, options));
  }

  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return this.#sent('putMany', chunks, () => this.#actual.putMany(chunks, options));
  }

  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.#removed('removeMany', keys, () => this.#actual.removeMany(keys, options));
  }

  #plain(operation: string, run: () => Promise<void>): Promise<void> {
    return this.#log.call({ operation, lines: () => [{ outcome: 'ok' }] }, run);
  }

  #found(operation: string, keys: readonly ChunkKey[], run: Batch<boolean>): Promise<readonly boolean[]> {
    const lines = (outcomes: readonly boolean[]): readonly AuditLine[] =>
      keys.map((key, i) => ({ key, outcome: outcomes[i] === true ? 'found' : 'miss' }));
    return this.#log.call({ operation, lines, keys }, run);
  }

  #removed(operation: string, keys: readonly ChunkKey[], run: Batch<boolean>): Promise<readonly boolean[]> {
    for (const key of keys) this.#memory?.forget(key);
    const lines = (outcomes: readonly boolean[]): readonly AuditLine[] =>
      keys.map((key, i) => ({ key, outcome: outcomes[i] === true ? 'removed' : 'miss' }));
    return this.#log.call({ operation, lines, keys }, run);
  }

  async #fetched(
    operation: string,
    keys: readonly ChunkKey[],
    run: Batch<FetchOutcome>,
  ): Promise<readonly FetchOutcome[]> {
    const expected = keys.map((key) => this.#memory?.recall(key));
    const lines = (outcomes: readonly FetchOutcome[]): readonly AuditLine[] =>
      keys.map((key, i) => ({ key, ...fetchedLine(outcomes[i] ?? 'miss') }));
    const outcomes = await this.#log.call({ operation, lines, keys }, run);
    for (const [i, key] of keys.entries()) this.#compare(operation, key, expected[i], outcomes[i]);
    return outcomes;
  }

  async #sent(
    operation: string,
    chunks: readonly ArenaHandle[],
    run: Batch<SendOutcome>,
  ): Promise<readonly SendOutcome[]> {
    // The caller may give the chunks back as soon as the call is over.
    const sent = chunks.map(({ key, lengthBytes: bytes, checksum }) => ({ key, bytes, checksum }));
    const keys = sent.map(({ key }) => key);
    for (const key of keys) this.#memory?.forget(key);
    const lines = (outcomes: readonly SendOutcome[]): readonly AuditLine[] =>
      sent.map((line, i) => ({ ...line, outcome: outcomes[i] ?? 'rejected' }));
    const outcomes = await this.#log.call({ operation, lines, keys }, run);
    for (const [i, { key, checksum }] of sent.entries())
      if (outcomes[i] === 'stored') this.#memory?.remember(key, checksum);
    return outcomes;
  }

  /** What was put while a get was running is none of its business. */
  #compare(
    operation: string,
    key: ChunkKey,
    expected: number | undefined,
    outcome: FetchOutcome | undefined,
  ): void {
    if (expected === undefined || typeof outcome !== 'object' || outcome.checksum === expected) return;
    if (this.#memory?.recall(key) !== expected) return;
    this.#log.warn({
      operation,
      key: formatStoreKey(key),
      outcome: 'differs',
      put: formatChecksum(expected),
      crc32c: formatChecksum(outcome.checksum),
    });
  }
}

type Batch<T> = () => Promise<readonly T[]>;

function fetchedLine(outcome: FetchOutcome): Omit<AuditLine, 'key'> {
  if (typeof outcome === 'string') return { outcome };
  return { outcome: 'hit', bytes: outcome.lengthBytes, checksum: outcome.checksum };
}

/** The outcome of a batch of one. */
function first<T>(outcomes: readonly T[]): T {
  return outcomes[0] as T;
}
