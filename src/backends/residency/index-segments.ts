const SLOT_BITS = 10;
/** Places in one segment. */
export const SEGMENT_SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SEGMENT_SLOTS - 1;
const SEGMENT_WORDS = SEGMENT_SLOTS * 2;
const SLAB_BITS = 7;
const SLAB_MASK = (1 << SLAB_BITS) - 1;

/** Packs a tag and a place into one exact double, so that sorting by tag keeps the place. */
const PLACE_SPAN = SEGMENT_SLOTS;

/**
 * Many small open-addressing tables (linear probing, deletion by shifting back, so there are no tombstones), packed
 * 128 to a slab. A place is two words: a 32-bit tag, and the entry plus one (0 = free). The home of a tag is given by
 * its low bits alone, so a segment can be taken apart without its keys.
 */
export class IndexSegments {
  readonly #slabs: Uint32Array[] = [];
  #counts = new Uint16Array(16);
  #depths = new Uint8Array(16);
  #length = 0;
  readonly #moving = new Uint32Array(SEGMENT_WORDS);
  readonly #order = new Float64Array(SEGMENT_SLOTS);

  /** @returns the number of a new, empty segment. */
  add(depth: number): number {
    const segment = this.#length++;
    if (segment >>> SLAB_BITS === this.#slabs.length)
      this.#slabs.push(new Uint32Array(SEGMENT_WORDS << SLAB_BITS));
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

  /** The slab and the word in it where a segment starts. */
  slab(segment: number): Uint32Array {
    return this.#slabs[segment >>> SLAB_BITS] as Uint32Array;
  }

  base(segment: number): number {
    return (segment & SLAB_MASK) * SEGMENT_WORDS;
  }

  /** Adds a pair; the segment must have a free place. */
  insert(segment: number, tag: number, entry: number): void {
    const slab = this.slab(segment);
    const base = this.base(segment);
    let slot = tag & SLOT_MASK;
    while (slab[base + slot * 2 + 1] !== 0) slot = (slot + 1) & SLOT_MASK;
    slab[base + slot * 2] = tag;
    slab[base + slot * 2 + 1] = entry + 1;
    this.#counts[segment] = this.count(segment) + 1;
  }

  /** @returns whether the pair was there. */
  remove(segment: number, tag: number, entry: number): boolean {
    const slab = this.slab(segment);
    const base = this.base(segment);
    for (let slot = tag & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const found = slab[base + slot * 2 + 1];
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
    const slab = this.slab(segment);
    const base = this.base(segment);
    this.#moving.set(slab.subarray(base, base + SEGMENT_WORDS));
    slab.fill(0, base, base + SEGMENT_WORDS);
    this.#counts[segment] = 0;
    this.#depths[segment] = depth + 1;
    for (let at = 0; at < SEGMENT_WORDS; at += 2) {
      const entry = this.#moving[at + 1] as number;
      if (entry === 0) continue;
      const tag = this.#moving[at] as number;
      this.insert((tag >>> (31 - depth)) & 1 ? sibling : segment, tag, entry - 1);
    }
    return sibling;
  }

  /**
   * Appends to `out` the entries with a tag of at least `fromTag`, in the order of their tags, about `limit` of them
   * (all of an equal tag come together). @returns the first tag left out, or -1 when there is none.
   */
  collect(segment: number, fromTag: number, limit: number, out: number[]): number {
    const slab = this.slab(segment);
    const base = this.base(segment);
    let found = 0;
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
      const tag = slab[base + slot * 2] as number;
      if (slab[base + slot * 2 + 1] !== 0 && tag >= fromTag) this.#order[found++] = tag * PLACE_SPAN + slot;
    }
    const order = this.#order.subarray(0, found).sort();
    let lastTag = -1;
    for (let i = 0; i < found; i++) {
      const packed = order[i] as number;
      const tag = Math.floor(packed / PLACE_SPAN);
      if (i >= limit && tag !== lastTag) return tag;
      lastTag = tag;
      out.push((slab[base + (packed % PLACE_SPAN) * 2 + 1] as number) - 1);
    }
    return -1;
  }

  get allocatedBytes(): number {
    const tables = this.#counts.byteLength + this.#depths.byteLength;
    return this.#slabs.reduce((sum, slab) => sum + slab.byteLength, tables);
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

/** Takes the pair at `gap` out and shifts back what probed past it. */
function closeGap(slab: Uint32Array, base: number, gap: number): void {
  for (let slot = (gap + 1) & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
    const entry = slab[base + slot * 2 + 1] as number;
    if (entry === 0) break;
    const tag = slab[base + slot * 2] as number;
    const probed = (slot - (tag & SLOT_MASK)) & SLOT_MASK;
    if (probed < ((slot - gap) & SLOT_MASK)) continue;
    slab[base + gap * 2] = tag;
    slab[base + gap * 2 + 1] = entry;
    gap = slot;
  }
  slab[base + gap * 2] = 0;
  slab[base + gap * 2 + 1] = 0;
}
