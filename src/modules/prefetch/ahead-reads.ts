import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Arena } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadRead } from './ahead-read.interface.js';
import { furthestFirst, type HeldChunk } from './held-chunks.js';

/**
 * What all reads of prefixes hold of chunks that their receivers do not have yet: how much of it may lie beyond their windows, and
 * who gives it up for others.
 */
export class AheadReads {
  readonly #reads = new Set<AheadRead>();
  #freeBytes: number;

  /** @param totalBytes that all of them may have beyond their windows. */
  constructor(
    readonly totalBytes: number,
    private readonly arena: Pick<Arena, 'footprintBytes' | 'handleCount'>,
  ) {
    this.#freeBytes = totalBytes;
  }

  /** Of all reads in this arena: who finds no room there gets theirs when nobody else gives any. */
  static in(space: ArenaSpace, arena: Arena, totalBytes: number): AheadReads {
    const reads = new AheadReads(totalBytes, arena);
    space.addReclaimer((bytes, key) => reads.reclaim(bytes, key), { lastResort: true });
    return reads;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  join(read: AheadRead): void {
    this.#reads.add(read);
  }

  leave(read: AheadRead): void {
    this.#reads.delete(read);
  }

  /**
   * Takes room beyond the windows, also of reads that wait for their receivers: for one that takes nothing any more, that were for ever.
   *
   * @returns false where that much is not left.
   */
  take(bytes: number): boolean {
    if (bytes > this.totalBytes) return false;
    for (const read of this.#reads) {
      while (bytes > this.#freeBytes && read.waitsForReceiver && read.giveUpBeyondWindow());
    }
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }

  /**
   * Gives up chunks for room in the arena, the furthest first, if they are enough. Nothing is given up for a chunk that some read loads
   * ahead: it would only take the place of another.
   *
   * @param key of the chunk that the room is for.
   * @returns the bytes that nobody uses any more.
   */
  reclaim(bytes: number, key: ChunkKey): number {
    if (this.#reads.size === 0 || this.#isLoadedAhead(key)) return 0;
    let given = 0;
    const chosen: HeldChunk[] = [];
    for (const chunk of furthestFirst(this.#reads)) {
      if (given >= bytes) break;
      // What others use, too, gives nothing.
      if (this.arena.handleCount(chunk.slot) !== chunk.holders.length) continue;
      given += this.arena.footprintBytes(chunk.slot);
      chosen.push(chunk);
    }
    if (given < bytes) return 0;
    for (const { holders } of chosen) for (const { read, index } of holders) read.giveUp(index);
    return given;
  }

  #isLoadedAhead(key: ChunkKey): boolean {
    let isAhead = false;
    for (const read of this.#reads) {
      const how = read.loads(key);
      if (how === 'next') return false;
      isAhead ||= how === 'later';
    }
    return isAhead;
  }
}
