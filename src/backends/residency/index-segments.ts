import { type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';

/** Of a segment's places. */
export const SLOT_BITS = 10;
/** Places in one segment. */
export const SEGMENT_SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SEGMENT_SLOTS - 1;
/** A place: the digest, and the entry plus one (0 = free). */
const PLACE_WORDS = 5;
const ENTRY = 4;
const SEGMENT_WORDS = SEGMENT_SLOTS * PLACE_WORDS;
/** Of a slab's segments. */
export const SLAB_BITS = 6;
const SLAB_MASK = (1 << SLAB_BITS) - 1;

/**
 * Many small open-addressing tables (linear probing, deletion by shifting back, so there are no tombstones), packed
 * 64 to a slab. The home of a digest is given by the low bits of its tag alone.
 */
export class IndexSegments {
  readonly #slabs: Uint32Array[] = [];
  #counts = new Uint16Array(16);
  #depths = new Uint8Array(16);
  #length = 0;
  readonly #moving = new Uint32Array(SEGMENT_WORDS);
  readonly #order = new Float64Array(SEGMENT_SLOTS);

  /** @param onSlab is told of each slab, when it is new. */
  constructor(private readonly onSlab?: (slab: Uint32Array) => void) {}

  /** @returns the number of a new, empty segment. */
  add(depth: number): number {
    const segment = this.#length++;
    if (segment >>> SLAB_BITS === this.#slabs.length) {
      const slab = new Uint32Array(SEGMENT_WORDS << SLAB_BITS);
      this.#slabs.push(slab);
      this.onSlab?.(slab);
    }
    if (segment === this.#counts.length) this.#growTables();
    this.#depths[segment] = depth;
    return segment;
  }

  count(segment: number): number {
    return this.#counts[segment] as number;
  }

  /** How many high bits all tags of a segment share. */
  depth(segment: number): number {
    return this.#depths[segment] as number;
  }

  /** The entry of a digest that `matches`, or -1. */
  find<K extends KeyDigest>(segment: number, key: K, matches: (entry: number, key: K) => boolean): number {
    const slab = this.#slab(segment);
    const base = firstWord(segment);
    const { d0, d1, d2, d3 } = key;
    for (let slot = d0 & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const at = base + slot * PLACE_WORDS;
      const found = slab[at + ENTRY] as number;
      if (found === 0) return -1;
      if (slab[at] !== d0 || slab[at + 1] !== d1 || slab[at + 2] !== d2 || slab[at + 3] !== d3) continue;
      if (matches(found - 1, key)) return found - 1;
    }
  }

  /** The first entry with the digest of a key in a batch, or -1: whether it has the same key is not looked at. */
  findDigest(segment: number, digests: Uint32Array, digest: number): number {
    const slab = this.#slab(segment);
    const base = firstWord(segment);
    const tag = digests[digest] as number;
    for (let slot = tag & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const at = base + slot * PLACE_WORDS;
      const found = slab[at + ENTRY] as number;
      if (found === 0) return -1;
      if (
        slab[at] === tag &&
        slab[at + 1] === digests[digest + 1] &&
        slab[at + 2] === digests[digest + 2] &&
        slab[at + 3] === digests[digest + 3]
      ) {
        return found - 1;
      }
    }
  }

  /** Adds a pair; the segment must have a free place. */
  insert(segment: number, key: KeyDigest, entry: number): void {
    const at = this.#takePlace(segment, key.d0);
    const slab = this.#slab(segment);
    slab[at] = key.d0;
    slab[at + 1] = key.d1;
    slab[at + 2] = key.d2;
    slab[at + 3] = key.d3;
    slab[at + ENTRY] = entry + 1;
  }

  /** @returns whether the pair was there. */
  remove(segment: number, tag: number, entry: number): boolean {
    const slab = this.#slab(segment);
    const base = firstWord(segment);
    for (let slot = tag & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const found = slab[base + slot * PLACE_WORDS + ENTRY];
      if (found === 0) return false;
      if (found !== entry + 1) continue;
      closeGap(slab, base, slot);
      this.#counts[segment] = this.count(segment) - 1;
      return true;
    }
  }

  /** Moves the half of `segment` whose next tag bit is 1 to a new segment. @returns the new segment. */
  split(segment: number): number {
    const depth = this.depth(segment);
    const sibling = this.add(depth + 1);
    const base = firstWord(segment);
    const moving = this.#moving;
    moving.set(this.#slab(segment).subarray(base, base + SEGMENT_WORDS));
    this.#slab(segment).fill(0, base, base + SEGMENT_WORDS);
    this.#counts[segment] = 0;
    this.#depths[segment] = depth + 1;
    for (let from = 0; from < SEGMENT_WORDS; from += PLACE_WORDS) {
      if (moving[from + ENTRY] === 0) continue;
      const tag = moving[from] as number;
      const target = (tag >>> (31 - depth)) & 1 ? sibling : segment;
      const at = this.#takePlace(target, tag);
      const slab = this.#slab(target);
      for (let i = 0; i < PLACE_WORDS; i++) slab[at + i] = moving[from + i] as number;
    }
    return sibling;
  }

  /**
   * Appends to `out` the entries with a tag of at least `fromTag`, in the order of their tags, about `limit` of them
   * (all of an equal tag come together). @returns the first tag left out, or -1 when there is none.
   */
  collect(segment: number, fromTag: number, limit: number, out: number[]): number {
    const slab = this.#slab(segment);
    const base = firstWord(segment);
    let found = 0;
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
      const at = base + slot * PLACE_WORDS;
      const tag = slab[at] as number;
      // Tag and place in one exact double: sorting by tag keeps the place.
      if (slab[at + ENTRY] !== 0 && tag >= fromTag) this.#order[found++] = tag * SEGMENT_SLOTS + slot;
    }
    const order = this.#order.subarray(0, found).sort();
    let lastTag = -1;
    for (let i = 0; i < found; i++) {
      const packed = order[i] as number;
      const tag = Math.floor(packed / SEGMENT_SLOTS);
      if (i >= limit && tag !== lastTag) return tag;
      lastTag = tag;
      out.push((slab[base + (packed % SEGMENT_SLOTS) * PLACE_WORDS + ENTRY] as number) - 1);
    }
    return -1;
  }

  get allocatedBytes(): number {
    const tables = this.#counts.byteLength + this.#depths.byteLength;
    return this.#slabs.reduce((sum, slab) => sum + slab.byteLength, tables);
  }

  #slab(segment: number): Uint32Array {
    return this.#slabs[segment >>> SLAB_BITS] as Uint32Array;
  }

  /** @returns where the first free place for this tag begins; it is counted as taken. */
  #takePlace(segment: number, tag: number): number {
    const slab = this.#slab(segment);
    const base = firstWord(segment);
    let slot = tag & SLOT_MASK;
    while (slab[base + slot * PLACE_WORDS + ENTRY] !== 0) slot = (slot + 1) & SLOT_MASK;
    this.#counts[segment] = this.count(segment) + 1;
    return base + slot * PLACE_WORDS;
  }

  #growTables(): void {
    const counts = new Uint16Array(this.#counts.length * 2);
    counts.set(this.#counts);
    this.#counts = counts;
    const depths = new Uint8Array(counts.length);
    depths.set(this.#depths);
    this.#depths = depths;
  }
}

/** Where a segment begins in its slab. */
function firstWord(segment: number): number {
  return (segment & SLAB_MASK) * SEGMENT_WORDS;
}

/** Takes the pair at `gap` out and shifts back what probed past it. */
function closeGap(slab: Uint32Array, base: number, gap: number): void {
  for (let slot = (gap + 1) & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
    const at = base + slot * PLACE_WORDS;
    if (slab[at + ENTRY] === 0) break;
    const probed = (slot - ((slab[at] as number) & SLOT_MASK)) & SLOT_MASK;
    if (probed < ((slot - gap) & SLOT_MASK)) continue;
    slab.copyWithin(base + gap * PLACE_WORDS, at, at + PLACE_WORDS);
    gap = slot;
  }
  const at = base + gap * PLACE_WORDS;
  slab.fill(0, at, at + PLACE_WORDS);
}
