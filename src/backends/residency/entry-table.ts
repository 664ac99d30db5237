import { PagedColumn } from '../../common/paged-column.js';
import { type ChunkKey, type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyDescription } from '../../protocols/chunk-key/describe-key.js';
import { type ChunkFilter } from '../storage-backend.interface.js';
import { InternTable, OTHER } from './intern-table.js';

const MAX_IDS = 1 << 16;

/** Model and tenant of a key. Never throws: a key of an unknown form has none. */
export type DescribeKey = (key: ChunkKey) => KeyDescription;

export interface ResidentTraits {
  /** What the chunk takes of the tier's capacity. */
  readonly bytes: number;
  /** Epoch milliseconds, 0 or absent = never. */
  readonly expiresAtMs?: number;
  /** Chunks in front of it in its prefix, -1 or absent = unknown. */
  readonly depth?: number;
  /** The chunk right in front of it; absent = unknown. */
  readonly parent?: KeyDigest | undefined;
  /** Whether it carries metadata. Default false. */
  readonly hasMetadata?: boolean;
}

/** What a tier knows of each entry, in columns outside the JavaScript heap, and the sums over all. */
export class EntryTable {
  readonly #bytes = new PagedColumn(Float64Array);
  readonly #expiresAtMs = new PagedColumn(Float64Array);
  readonly #storedAtMs = new PagedColumn(Float64Array);
  readonly #hasMetadata = new PagedColumn(Uint8Array);
  readonly #namespace = new PagedColumn(Uint32Array);
  readonly #model = new PagedColumn(Uint16Array);
  readonly #tenant = new PagedColumn(Uint16Array);
  readonly #models = new InternTable(MAX_IDS);
  readonly #tenants = new InternTable(MAX_IDS);
  readonly #perNamespace = new Map<number, number>();
  #usedBytes = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Entries in a namespace. */
  count(namespace: number): number {
    return this.#perNamespace.get(namespace) ?? 0;
  }

  bytes(entry: number): number {
    return this.#bytes.get(entry);
  }

  expiresAtMs(entry: number): number {
    return this.#expiresAtMs.get(entry);
  }

  setExpiresAtMs(entry: number, expiresAtMs: number): void {
    this.#expiresAtMs.set(entry, expiresAtMs);
  }

  /** Epoch milliseconds. */
  storedAtMs(entry: number): number {
    return this.#storedAtMs.get(entry);
  }

  hasMetadata(entry: number): boolean {
    return this.#hasMetadata.get(entry) === 1;
  }

  /** @param nowMs when it is stored. */
  add(entry: number, namespace: number, origin: KeyDescription, traits: ResidentTraits, nowMs: number): void {
    this.#storedAtMs.set(entry, nowMs);
    this.#bytes.set(entry, traits.bytes);
    this.#expiresAtMs.set(entry, traits.expiresAtMs ?? 0);
    this.#hasMetadata.set(entry, traits.hasMetadata ? 1 : 0);
    this.#namespace.set(entry, namespace);
    this.#model.set(entry, this.#models.acquire(origin.model));
    this.#tenant.set(entry, this.#tenants.acquire(origin.tenant));
    this.#perNamespace.set(namespace, this.count(namespace) + 1);
    this.#usedBytes += traits.bytes;
  }

  remove(entry: number): void {
    this.#usedBytes -= this.#bytes.get(entry);
    this.#models.release(this.#model.get(entry));
    this.#tenants.release(this.#tenant.get(entry));
    const namespace = this.#namespace.get(entry);
    const left = this.count(namespace) - 1;
    if (left === 0) this.#perNamespace.delete(namespace);
    else this.#perNamespace.set(namespace, left);
  }

  /** Whether the filter selects this entry. @param originOf asked only where the numbers do not tell. */
  matches(entry: number, filter: ChunkFilter, originOf: (entry: number) => KeyDescription): boolean {
    if (filter.storedBeforeMs !== undefined && this.#storedAtMs.get(entry) >= filter.storedBeforeMs)
      return false;
    if (filter.namespace !== undefined && this.#namespace.get(entry) !== filter.namespace) return false;
    if (filter.model !== undefined) {
      const id = this.#model.get(entry);
      if (id === OTHER ? originOf(entry).model !== filter.model : id !== this.#models.idOf(filter.model))
        return false;
    }
    if (filter.tenant === undefined) return true;
    const id = this.#tenant.get(entry);
    return id === OTHER ? originOf(entry).tenant === filter.tenant : id === this.#tenants.idOf(filter.tenant);
  }
}
