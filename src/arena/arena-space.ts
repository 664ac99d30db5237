import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { type ArenaSpace, type Reclaimer, type ReclaimerOptions } from './arena-space.interface.js';
import { PAGE_BYTES, roundToPages } from './arena-layout.js';
import { type AllocationRequest, type Arena, type ArenaHandle, type ArenaUsage } from './arena.interface.js';

/** Rather than split a chunk over more extents than this, its own length is evicted once more. */
const FEW_EXTENTS = 4;
/** What one extent may cost when it is demanded: so many times its length, or this part of the arena, is evicted. */
const CONTIGUOUS_EFFORT = 8;
/** A step of evicting beyond the bytes that are missing, as a part of the chunk's length. */
const STEP_PART = 4;
/** Rounds in which reclaimers claim to have given something back and no chunk was freed. */
const MAX_FRUITLESS_ROUNDS = 16;

/** Allocates, and asks the reclaimers inline for as long as they give something back. */
export class ArenaSpaceService implements ArenaSpace {
  readonly #arena: Arena;
  readonly #reclaimers: Reclaimer[] = [];
  readonly #lastResorts: Reclaimer[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  reserve(request: AllocationRequest): ArenaHandle | 'busy' | 'too-large' {
    if (this.#arena.isTooLarge(request)) return 'too-large';
    const length = roundToPages(request.lengthBytes + PAGE_BYTES);
    if (request.contiguous) {
      const effort = Math.max(CONTIGUOUS_EFFORT * length, this.#arena.capacityBytes / CONTIGUOUS_EFFORT);
      return (
        this.#arena.allocate(request) ??
        this.#reclaimFor(request, length, effort) ??
        this.#insist(request, length, effort) ??
        'busy'
      );
    }
    // A free page here and there is no room: using them up would scatter ever more chunks.
    const tidy = { maxExtents: FEW_EXTENTS, ...request };
    return (
      this.#arena.allocate(tidy) ??
      this.#reclaimFor(tidy, length, length) ??
      this.#arena.allocate(request) ??
      this.#reclaimFor(request, length, Infinity) ??
      this.#insist(request, length, Infinity) ??
      'busy'
    );
  }

  addReclaimer(reclaimer: Reclaimer, { lastResort = false }: ReclaimerOptions = {}): () => void {
    const reclaimers = lastResort ? this.#lastResorts : this.#reclaimers;
    reclaimers.push(reclaimer);
    return () => {
      const at = reclaimers.indexOf(reclaimer);
      if (at >= 0) reclaimers.splice(at, 1);
    };
  }

  /** @param effortBytes how much may be evicted beyond what is missing. */
  #reclaimFor(request: AllocationRequest, length: number, effortBytes: number): ArenaHandle | undefined {
    let before = this.#arena.usage();
    let left = effortBytes;
    for (let fruitless = 0; fruitless < MAX_FRUITLESS_ROUNDS;) {
      const missing = length - before.freeBytes;
      if (missing <= 0 && left <= 0) return undefined;
      const step = before.freeSlots === 0 ? 1 : Math.min(left, Math.ceil(length / STEP_PART));
      const given = reclaim(this.#reclaimers, missing > 0 ? missing : step, request.key);
      if (given === 0) return undefined;
      if (missing <= 0) left -= given;
      const handle = this.#arena.allocate(request);
      if (handle !== undefined) return handle;
      const after = this.#arena.usage();
      fruitless = hasFreed(before, after) ? 0 : fruitless + 1;
      before = after;
    }
    return undefined;
  }

  /** Asks the last resorts, and the others again for what these have left to them, for as long as that frees anything. */
  #insist(request: AllocationRequest, length: number, effortBytes: number): ArenaHandle | undefined {
    for (;;) {
      const before = this.#arena.usage();
      const missing = Math.max(length - before.freeBytes, 1);
      if (reclaim(this.#lastResorts, missing, request.key) === 0) return undefined;
      const handle = this.#arena.allocate(request) ?? this.#reclaimFor(request, length, effortBytes);
      if (handle !== undefined || !hasFreed(before, this.#arena.usage())) return handle;
    }
  }
}

function reclaim(reclaimers: readonly Reclaimer[], bytes: number, key: ChunkKey): number {
  let given = 0;
  for (const reclaimer of reclaimers) {
    given += reclaimer(bytes - given, key);
    if (given >= bytes) break;
  }
  return given;
}

function hasFreed(before: ArenaUsage, after: ArenaUsage): boolean {
  return after.freeSlots > before.freeSlots;
}
