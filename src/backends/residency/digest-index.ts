import { loadNative } from '../../arena/native/load-native.js';
import { type NativeKeyIndex } from '../../arena/native/native.types.js';
import { KvError } from '../../common/errors/kv-error.js';
import { PagedColumn } from '../../common/paged-column.js';
import { type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';
import { DIGEST_SECRETS } from '../../protocols/chunk-key/digest.js';
import { DIGEST_WORDS, type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { IndexSegments, SEGMENT_SLOTS, SLAB_BITS, SLOT_BITS } from './index-segments.js';

/** Beyond this a segment splits; the rest keeps probe sequences short. */
const FULL = Math.floor(SEGMENT_SLOTS * 0.8);
/** The other ten bits of the first word place a key inside its segment. */
const MAX_DEPTH = 22;
const TAG_SPAN = 2 ** 32;
/** Segments one call of `scan` looks at, when most are empty. */
const SEGMENTS_PER_SCAN = 64;

/**
 * From a key's 128-bit digest to an entry, a small dense integer that the caller hands out. Extendible hashing: a
 * directory, indexed by the high bits of the first digest word, points to segments of 1,024 places; a segment that
 * fills up is split on its own. So growth touches some hundred keys at a time and never all, and no entry is a
 * JavaScript object. Segments are never merged: memory stays at the high-water mark.
 *
 * Equal digests of different keys live side by side; `matches` tells them apart.
 */
export class DigestIndex {
  /** First digest word of each entry: enough to find it again for removal. */
  readonly #tags = new PagedColumn(Uint32Array);
  /** Looks up in the memory of this index, many keys at a time; undefined without the addon. */
  readonly #native: NativeKeyIndex | undefined;
  readonly #segments: IndexSegments;
  #directory: Uint32Array;
  #depth = 0;
  #size = 0;

  /** @param useAddon where there is one. */
  constructor(useAddon = true) {
    const { addon } = useAddon ? loadNative() : {};
    const native = addon && new addon.KeyIndex(DIGEST_SECRETS, SLOT_BITS, SLAB_BITS);
    this.#native = native;
    this.#segments = new IndexSegments((slab) => native?.addSlab(slab));
    this.#directory = Uint32Array.of(this.#segments.add(0));
    native?.setDirectory(this.#directory, 0);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes taken outside the JavaScript heap. */
  get allocatedBytes(): number {
    return this.#segments.allocatedBytes + this.#tags.allocatedBytes + this.#directory.byteLength;
  }

  /** The entry with this digest that `matches`, or -1. */
  find<K extends KeyDigest>(key: K, matches: (entry: number, key: K) => boolean): number {
    return this.#segments.find(this.#segmentOf(key.d0), key, matches);
  }

  /** For each key of a batch the first entry with its digest, or -1: whether that has the same key is not looked at. */
  findDigests(keys: KeyBatch, entries: Int32Array): void {
    const { length } = keys;
    if (this.#native !== undefined) {
      const { memory, starts, lengths, namespace } = keys;
      this.#native.find(memory, starts, lengths, length, namespace, entries);
      return;
    }
    const { digests } = keys;
    for (let i = 0; i < length; i++) {
      const digest = DIGEST_WORDS * i;
      const segment = this.#segmentOf(digests[digest] as number);
      entries[i] = this.#segments.findDigest(segment, digests, digest);
    }
  }

  /**
   * Adds a pair, without looking for the key. `entry` must not be in the index.
   * @throws KV_INDEX_FULL when hundreds of keys agree in 22 bits of their digest, which no honest load does.
   */
  insert(key: KeyDigest, entry: number): void {
    let segment = this.#segmentOf(key.d0);
    while (this.#segments.count(segment) >= FULL && this.#segments.depth(segment) < MAX_DEPTH) {
      this.#split(segment, key.d0);
      segment = this.#segmentOf(key.d0);
    }
    // One place stays free, or a search for a missing key would never end.
    if (this.#segments.count(segment) >= SEGMENT_SLOTS - 1) throw indexFull();
    this.#tags.set(entry, key.d0);
    this.#segments.insert(segment, key, entry);
    this.#size++;
  }

  /** @returns whether `entry` was in the index. */
  remove(entry: number): boolean {
    const tag = this.#tags.get(entry);
    const removed = this.#segments.remove(this.#segmentOf(tag), tag, entry);
    if (removed) this.#size--;
    return removed;
  }

  /**
   * Appends about `limit` entries to `out`, in the order of their digests. Start with cursor 0 and go on with what
   * comes back until that is 0. The cursor is a place in the space of digests, which splitting does not move: every
   * entry that is there during the whole scan is met exactly once. A page may be short, even empty.
   */
  scan(cursor: number, limit: number, out: number[]): number {
    if (!Number.isInteger(cursor) || cursor < 0 || cursor >= TAG_SPAN) return 0;
    const end = out.length + Math.max(1, limit);
    let from = cursor;
    for (let i = 0; i < SEGMENTS_PER_SCAN && out.length < end; i++) {
      const segment = this.#segmentOf(from);
      const next = this.#segments.collect(segment, from, end - out.length, out);
      if (next !== -1) return next;
      const span = TAG_SPAN / 2 ** this.#segments.depth(segment);
      from = (Math.floor(from / span) + 1) * span;
      if (from === TAG_SPAN) return 0;
    }
    return from;
  }

  #segmentOf(tag: number): number {
    return this.#directory[(tag >>> 1) >>> (31 - this.#depth)] as number;
  }

  #split(segment: number, tag: number): void {
    if (this.#segments.depth(segment) === this.#depth) this.#doubleDirectory();
    const sibling = this.#segments.split(segment);
    const depth = this.#segments.depth(segment);
    const places = 2 ** (this.#depth - depth);
    // The two halves lie side by side; `tag` is in one of them, the higher one starts at an odd prefix.
    const higher = ((tag >>> 1) >>> (31 - depth)) | 1;
    this.#directory.fill(sibling, higher * places, (higher + 1) * places);
  }

  #doubleDirectory(): void {
    const doubled = new Uint32Array(this.#directory.length * 2);
    for (let i = 0; i < doubled.length; i++) doubled[i] = this.#directory[i >>> 1] as number;
    this.#directory = doubled;
    this.#depth++;
    this.#native?.setDirectory(doubled, this.#depth);
  }
}

function indexFull(): KvError {
  return new KvError('KV_INDEX_FULL', 'Too many keys agree in the first bits of their digest', {
    kind: 'internal',
    retryable: true,
    remedy: 'Restart the server: digests are seeded anew at every start.',
  });
}
