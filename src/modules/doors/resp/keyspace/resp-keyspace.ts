import { type ArenaHandle, MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { type ObjectStore } from '../../../engine/object-store.interface.js';
import { admitValue } from '../../socket/admit-value.js';
import { IncomingValue } from '../../socket/incoming-value.js';
import { type NamedKey, namesOfHalves } from './named-key.js';
import { type PendingPairs } from './pending-pairs.js';

export interface RespKeyspaceParts {
  readonly store: ObjectStore;
  readonly pairs: PendingPairs;
  readonly maxValueBytes: number;
}

export interface KeyPage {
  readonly names: readonly Buffer[];
  readonly cursor: number;
}

/**
 * The cache as a Redis client sees it: by name. A chunk that carries metadata is seen under three names, its key and
 * the two that LMCache's Redis connector makes of it; the halves are there together or not at all.
 */
export class RespKeyspace {
  constructor(private readonly parts: RespKeyspaceParts) {}

  /** How many of the names are there, each as often as it is named. What is found is leased until it is read. */
  exists(names: readonly NamedKey[]): Awaitable<number> {
    const whole = names.filter(({ part }) => part === 'value');
    const halves = names.filter(({ part }) => part !== 'value');
    return chain(this.#count(whole, false), (count) =>
      chain(this.#count(halves, true), (halfCount) => count + halfCount),
    );
  }

  /** The chunk behind a name; the caller disposes it. A half is missing where the chunk has no metadata. */
  get(name: NamedKey): Awaitable<ArenaHandle | undefined> {
    return chain(this.parts.store.get(name.chunk), (handle) => {
      if (handle === undefined || name.part === 'value' || handle.metadata.length > 0) return handle;
      handle[Symbol.dispose]();
      return undefined;
    });
  }

  /** Protects the bytes of a pair whose metadata was just read: they are read next. */
  expectBytes(name: NamedKey): void {
    void this.parts.store.exists([name.chunk], { lease: true });
  }

  isThere(name: NamedKey): Awaitable<boolean> {
    return chain(
      this.parts.store.exists([name.chunk], { withMetadata: name.part !== 'value' }),
      ([tier]) => tier !== undefined,
    );
  }

  /** Epoch milliseconds, 0 = never; undefined when the name is not there. */
  expiresAtMs(name: NamedKey): Awaitable<number | undefined> {
    return chain(this.isThere(name), (there) =>
      there ? this.parts.store.expiresAtMs(name.chunk) : undefined,
    );
  }

  expire(name: NamedKey, expiresAtMs: number): Awaitable<boolean> {
    return chain(this.isThere(name), (there) => there && this.parts.store.expire(name.chunk, expiresAtMs));
  }

  /** Room for the value of a `SET`: in the arena, or nowhere. Never fails. */
  receive(name: NamedKey | undefined, lengthBytes: number): Awaitable<IncomingValue> {
    if (name === undefined) return IncomingValue.toNowhere(lengthBytes, 'key-too-long');
    if (name.part === 'metadata') {
      return lengthBytes > MAX_METADATA_BYTES
        ? IncomingValue.toNowhere(lengthBytes, 'metadata-too-large')
        : IncomingValue.intoHeap(lengthBytes);
    }
    const { store, maxValueBytes } = this.parts;
    const room = name.part === 'kv_bytes' ? { metadataCapacityBytes: MAX_METADATA_BYTES } : {};
    return admitValue(store, name.chunk, lengthBytes, { maxValueBytes, ...room });
  }

  /** The names of one namespace, page by page: both halves of what is a pair, the key of what is not. */
  scan(namespace: number, cursor: number, count: number): Awaitable<KeyPage> {
    return chain(this.parts.store.scan(namespace, cursor, count), (page) =>
      chain(this.#withMetadata(page.keys), (paired) => ({
        cursor: page.cursor,
        names: page.keys.flatMap(
          (key) => (paired.has(key) ? namesOfHalves(key.bytes) : undefined) ?? [key.bytes],
        ),
      })),
    );
  }

  /** How many chunks there are in a namespace; a pair is one. */
  count(namespace: number): Awaitable<number> {
    return this.parts.store.count(namespace);
  }

  clear(namespace: number): Awaitable<number> {
    this.parts.pairs.clear(namespace);
    return this.parts.store.clear({ namespace });
  }

  #count(names: readonly NamedKey[], withMetadata: boolean): Awaitable<number> {
    if (names.length === 0) return 0;
    const keys = names.map(({ chunk }) => chunk);
    return chain(this.parts.store.exists(keys, { lease: true, withMetadata }), (tiers) =>
      tiers.reduce((count, tier) => (tier === undefined ? count : count + 1), 0),
    );
  }

  #withMetadata(keys: readonly ChunkKey[]): Awaitable<ReadonlySet<ChunkKey>> {
    return chain(
      this.parts.store.exists(keys, { withMetadata: true }),
      (tiers) => new Set(keys.filter((_, index) => tiers[index] !== undefined)),
    );
  }
}
