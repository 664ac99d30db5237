import { afterEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ArenaSpaceService } from './arena-space.js';
import { type Arena, type ArenaHandle } from './arena.interface.js';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { createArena } from './create-arena.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PAGE = 4096;
const soak = process.env['KVNEST_SOAK'] === '1';

/** A cache as the memory tier is one, reduced to what matters here: chunks in order of age, some of them pinned. */
class Workload {
  readonly space: ArenaSpaceService;
  readonly #evictable = new Map<number, ArenaHandle>();
  readonly #pinned: { id: number; handle: ArenaHandle }[] = [];
  #evictableBytes = 0;
  #pinnedBytes = 0;
  evicted = 0;
  refused = 0;

  constructor(
    readonly arena: Arena,
    readonly pinnedPart: number,
  ) {
    this.space = new ArenaSpaceService(arena);
    this.space.addReclaimer((bytes) => this.#evict(bytes));
  }

  put(id: number, lengthBytes: number, pin: boolean): void {
    const { freeBytes } = this.arena.usage();
    const available = freeBytes + this.#evictableBytes;
    const handle = this.space.reserve({ key: ChunkKey.of(`chunk ${id}`), lengthBytes });
    if (typeof handle === 'string') {
      // Keys of pinned chunks may keep some pages that keys of evicted ones shared with them.
      const sharedByKeys = (this.#pinned.length + 1) * PAGE;
      if (handle !== 'busy' || available >= lengthBytes + sharedByKeys)
        throw new Error(`${handle} at chunk ${id}`);
      this.refused++;
      return;
    }
    stamp(handle, id);
    handle.seal(0);
    this.#add(id, handle, pin);
    const limit = this.arena.usage().dataBytes * this.pinnedPart;
    while (this.#pinnedBytes > limit) {
      const { id, handle } = this.#pinned.shift()!;
      this.#pinnedBytes -= this.arena.footprintBytes(handle.slot);
      this.#add(id, handle, false);
    }
  }

  /** Counted twice, by the tables and by the chunks: the budget can be broken by neither. */
  check(): void {
    const { dataBytes, freeBytes } = this.arena.usage();
    const used = this.#evictableBytes + this.#pinnedBytes;
    if (used > dataBytes || freeBytes < 0 || freeBytes > dataBytes)
      throw new Error(`${used} of ${dataBytes}`);
  }

  clear(): void {
    this.#evict(Infinity);
    for (const { id, handle } of this.#pinned.splice(0)) this.#drop(id, handle);
  }

  #add(id: number, handle: ArenaHandle, pin: boolean): void {
    const bytes = this.arena.footprintBytes(handle.slot);
    if (pin) {
      this.#pinned.push({ id, handle });
      this.#pinnedBytes += bytes;
    } else {
      this.#evictable.set(id, handle);
      this.#evictableBytes += bytes;
    }
  }

  #evict(bytes: number): number {
    let given = 0;
    for (const [id, handle] of this.#evictable) {
      if (given >= bytes) break;
      given += this.arena.footprintBytes(handle.slot);
      this.#evictable.delete(id);
      this.evicted++;
      this.#drop(id, handle);
    }
    this.#evictableBytes -= given;
    return given;
  }

  #drop(id: number, handle: ArenaHandle): void {
    if (!isStamped(handle, id)) throw new Error(`chunk ${id} was overwritten`);
    handle[Symbol.dispose]();
  }
}

/** Marks both ends of every page of the chunk: enough to see that no other chunk has it. */
function stamp(handle: ArenaHandle, id: number): void {
  for (const view of handle.views) {
    for (let at = 0; at + 4 <= view.length; at += PAGE) view.writeInt32LE(id, at);
    if (view.length >= 8) view.writeInt32LE(~id, view.length - 4);
  }
}

function isStamped(handle: ArenaHandle, id: number): boolean {
  return handle.views.every((view) => {
    for (let at = 0; at + 4 <= view.length - 4; at += PAGE) if (view.readInt32LE(at) !== id) return false;
    return view.length < 8 || view.readInt32LE(view.length - 4) === ~id;
  });
}

describe('a full arena', () => {
  let arena: Arena;
  afterEach(() => arena.close());

  it.each([
    { capacity: 512 * MIB, smallest: 64 * KIB, largest: 64 * MIB, pinned: 0.3 },
    { capacity: 512 * MIB, smallest: 64 * KIB, largest: 2 * MIB, pinned: 0.3 },
    { capacity: 128 * MIB, smallest: 64 * KIB, largest: 64 * MIB, pinned: 0.9 },
    { capacity: 16 * MIB, smallest: 16, largest: 256 * KIB, pinned: 0.3 },
  ])(
    'refuses only what free and evictable bytes cannot hold: %j',
    ({ capacity, smallest, largest, pinned }) => {
      arena = createArena({ capacityBytes: soak ? 2 * capacity : capacity, native: soak });
      const workload = new Workload(arena, pinned);
      const random = new SeededRandom(capacity + largest);
      for (let id = 0; id < (soak ? 10 : 1) * 3000; id++) {
        const lengthBytes = Math.floor(smallest * (largest / smallest) ** (random.below(1000) / 1000));
        workload.put(id, lengthBytes, random.chance(pinned));
        workload.check();
      }
      expect(workload.refused > 0).toBe(pinned > 0.5);
      expect(workload.evicted).toBeGreaterThan(1000);
      workload.clear();
      expect(arena.usage()).toMatchObject({ freeBytes: arena.usage().dataBytes, references: 0 });
    },
  );
});
