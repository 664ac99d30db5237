import { sizeClassOf, slotBytesOf, SIZE_CLASS_COUNT } from '../../arena/size-class.js';

const SLAB_BYTES = 64 * 1024;
const UNIT_BYTES = 64;
const UNITS_PER_SLAB = SLAB_BYTES / UNIT_BYTES;

interface Slab {
  readonly bytes: Buffer;
  sizeClass: number;
  used: number;
  /** Slots that were never handed out start here. */
  fresh: number;
  /** Offset of the first slot that was given back, -1 = none; each holds the offset of the next. */
  free: number;
}

/**
 * Short byte strings at rest, outside the JavaScript heap: slabs of 64 KiB cut into slots of one size class each. An
 * empty slab serves any class again, so memory follows what is kept now and not the mix of sizes there once was.
 */
export class RecordStore {
  readonly #slabs: Slab[] = [];
  readonly #empty: number[] = [];
  /** For each class, the slabs with a free slot. */
  readonly #open: Set<number>[] = Array.from({ length: SIZE_CLASS_COUNT }, () => new Set<number>());

  /** Bytes taken outside the JavaScript heap. */
  get allocatedBytes(): number {
    return this.#slabs.length * SLAB_BYTES;
  }

  /** @param bytes at most 40 KiB. @returns a reference, below 2^32. */
  allocate(bytes: number): number {
    const sizeClass = sizeClassOf(bytes);
    const number = this.#slabFor(sizeClass);
    const slab = this.#slabs[number] as Slab;
    let offset = slab.free;
    if (offset >= 0) slab.free = slab.bytes.readInt32LE(offset);
    else {
      offset = slab.fresh;
      slab.fresh += slotBytesOf(sizeClass);
    }
    slab.used++;
    if (!hasRoom(slab)) this.#open[sizeClass]?.delete(number);
    return number * UNITS_PER_SLAB + offset / UNIT_BYTES;
  }

  /** The memory that a reference points into, and where in it. */
  slabOf(reference: number): Buffer {
    return (this.#slabs[Math.floor(reference / UNITS_PER_SLAB)] as Slab).bytes;
  }

  offsetOf(reference: number): number {
    return (reference % UNITS_PER_SLAB) * UNIT_BYTES;
  }

  free(reference: number): void {
    const number = Math.floor(reference / UNITS_PER_SLAB);
    const slab = this.#slabs[number] as Slab;
    const offset = this.offsetOf(reference);
    slab.bytes.writeInt32LE(slab.free, offset);
    slab.free = offset;
    if (--slab.used > 0) this.#open[slab.sizeClass]?.add(number);
    else {
      this.#open[slab.sizeClass]?.delete(number);
      this.#empty.push(number);
    }
  }

  #slabFor(sizeClass: number): number {
    const open = this.#open[sizeClass] as Set<number>;
    for (const number of open) return number;
    let number = this.#empty.pop();
    if (number === undefined) {
      number = this.#slabs.length;
      this.#slabs.push({ bytes: Buffer.allocUnsafeSlow(SLAB_BYTES), sizeClass, used: 0, fresh: 0, free: -1 });
    }
    Object.assign(this.#slabs[number] as Slab, { sizeClass, used: 0, fresh: 0, free: -1 });
    open.add(number);
    return number;
  }
}

function hasRoom(slab: Slab): boolean {
  return slab.free >= 0 || slab.fresh + slotBytesOf(slab.sizeClass) <= SLAB_BYTES;
}
