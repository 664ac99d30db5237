import { type ArenaSpace, type Reclaimer } from './arena-space.interface.js';
import { PAGE_BYTES } from './arena-layout.js';
import { type AllocationRequest, type Arena, type ArenaHandle } from './arena.interface.js';

/** What a contiguous extent may cost: so many times its own length is evicted for it, or this part of the arena. */
const CONTIGUOUS_EFFORT = 8;
/** Rounds in which reclaimers claim to have given something back and no chunk was freed. */
const MAX_FRUITLESS_ROUNDS = 16;

/** Allocates, and asks the reclaimers inline for as long as they give something back. */
export class ArenaSpaceService implements ArenaSpace {
  readonly #arena: Arena;
  readonly #reclaimers: Reclaimer[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  reserve(request: AllocationRequest): ArenaHandle | 'busy' | 'too-large' {
    if (this.#arena.isTooLarge(request.lengthBytes)) return 'too-large';
    return this.#arena.allocate(request) ?? this.#reserveByReclaiming(request);
  }

  addReclaimer(reclaimer: Reclaimer): () => void {
    this.#reclaimers.push(reclaimer);
    return () => {
      const at = this.#reclaimers.indexOf(reclaimer);
      if (at >= 0) this.#reclaimers.splice(at, 1);
    };
  }

  #reserveByReclaiming(request: AllocationRequest): ArenaHandle | 'busy' {
    const wanted = roundUp(request.lengthBytes + PAGE_BYTES);
    let before = this.#arena.usage();
    let allowance = request.contiguous
      ? Math.max(CONTIGUOUS_EFFORT * wanted, before.dataBytes / CONTIGUOUS_EFFORT)
      : Infinity;
    for (let fruitless = 0; fruitless < MAX_FRUITLESS_ROUNDS && allowance > 0;) {
      // Enough bytes and still no room means slots, shared pages or adjacent pages are short: go on chunk by chunk.
      const given = this.#reclaim(Math.max(wanted - before.freeBytes, 1));
      if (given === 0) return 'busy';
      allowance -= given;
      const handle = this.#arena.allocate(request);
      if (handle !== undefined) return handle;
      const after = this.#arena.usage();
      fruitless = after.freeSlots > before.freeSlots ? 0 : fruitless + 1;
      before = after;
    }
    return 'busy';
  }

  #reclaim(bytes: number): number {
    let given = 0;
    for (const reclaimer of this.#reclaimers) {
      given += reclaimer(bytes - given);
      if (given >= bytes) break;
    }
    return given;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
