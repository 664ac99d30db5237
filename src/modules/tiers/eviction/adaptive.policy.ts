import {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { BurstLists } from './structures/burst-lists.js';
import { DigestColumns } from './structures/digest-columns.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';
import { HitDensities } from './structures/hit-densities.js';
import { KINDS, ReuseHistory } from './structures/reuse-history.js';

/** The kind of what was refused: in use, whatever it was before. Only its oldest burst can be the next to go. */
const HELD = KINDS;
/** The kind of what is worth nothing: the chunk in front of it is gone. */
const ORPHAN = KINDS + 1;
/** Reads and writes per chunk that is there after which it learns anew, and after which what it saw counts half. */
const LESSON = 0.25;
const HALF_LIFE = 32;
const LEAST_LESSON = 256;
/** What is younger goes only where it is worth this much less: less is known of it. */
const CAUTION = 1.2;

/**
 * Learns from what comes back, of what is there and of what is gone, how likely a chunk is asked for again: by how often it was, and
 * by how long ago that is. Gives up the deepest chunk of the burst whose place is worth least. Only the oldest and the newest
 * burst of each kind are looked at, for chances rise with age and then fall. LRU of prefixes, while nothing is known.
 */
export class AdaptivePolicy implements EvictionPolicy {
  readonly name = 'adaptive';
  readonly #bursts = new BurstLists(KINDS + 2);
  readonly #kinds = new PagedColumn(Uint8Array);
  readonly #digests = new DigestColumns();
  readonly #history = new ReuseHistory();
  readonly #densities = new HitDensities(KINDS);
  #size = 0;
  /** Reads and writes so far. */
  #now = 0;
  #nextLesson = 0;
  readonly #search: VictimSearch = {
    candidate: () => this.#cheapest(),
    setAside: (entry) => this.#bursts.remove(entry),
    bringBack: (entry) => this.#bursts.add(entry, HELD, this.#now),
  };

  get allocatedBytes(): number {
    const parts = [this.#bursts, this.#kinds, this.#digests, this.#history, this.#densities];
    return parts.reduce((sum, part) => sum + part.allocatedBytes, 0);
  }

  onInsert(entry: number, traits: ChunkTraits): void {
    this.#now++;
    this.#history.fit(++this.#size, this.#now);
    this.#digests.set(entry, traits);
    this.#bursts.setDepth(entry, traits.depth);
    this.#place(entry, this.#history.comeBack(traits.digest[0], traits.digest[1], this.#now), traits.parent);
  }

  onAccess(entry: number): void {
    const burst = this.#bursts.burstOf(entry);
    if (burst === -1) return;
    this.#now++;
    const kind = this.#kinds.get(entry);
    this.#history.record.reuse(kind, this.#bursts.beganAt(burst), this.#now);
    this.#bursts.remove(entry);
    this.#place(entry, Math.min(kind + 1, KINDS - 1));
  }

  onRemove(entry: number): void {
    const burst = this.#bursts.burstOf(entry);
    if (burst === -1) return;
    const since = this.#bursts.beganAt(burst);
    this.#history.leave(
      this.#digests.first(entry),
      this.#digests.second(entry),
      this.#kinds.get(entry),
      since,
    );
    this.#bursts.remove(entry);
    this.#size--;
  }

  victim(evictable: (entry: number) => boolean): number {
    if (this.#now >= this.#nextLesson) this.#learn();
    return firstEvictable(this.#search, evictable);
  }

  #place(entry: number, kind: number, parent = -1): void {
    this.#kinds.set(entry, kind);
    this.#bursts.add(entry, this.#bursts.isOrphan(entry) ? ORPHAN : kind, this.#now, parent);
    this.#history.record.wait(kind, this.#bursts.beganAt(this.#bursts.burstOf(entry)), this.#now);
  }

  #learn(): void {
    const lesson = Math.max(LEAST_LESSON, Math.floor(LESSON * this.#size));
    this.#densities.learn(this.#history.record, this.#now);
    this.#history.record.fade(2 ** (-lesson / (HALF_LIFE * Math.max(1, this.#size))));
    this.#nextLesson = this.#now + lesson;
  }

  #cheapest(): number {
    const orphan = this.#bursts.oldest(ORPHAN);
    if (orphan !== -1) return this.#bursts.deepest(orphan);
    let best = this.#bursts.oldest(HELD);
    let least = best === -1 ? Infinity : this.#worth(best);
    for (let kind = 0; kind < KINDS; kind++) {
      const oldest = this.#bursts.oldest(kind);
      if (oldest === -1) continue;
      const newest = this.#bursts.newest(kind);
      for (const burst of [oldest, newest]) {
        const worth = this.#worth(burst) * (burst === oldest ? 1 : CAUTION);
        if (worth > least || (worth === least && this.#isYounger(burst, best))) continue;
        best = burst;
        least = worth;
      }
    }
    return best === -1 ? -1 : this.#bursts.deepest(best);
  }

  #worth(burst: number): number {
    const kind = this.#kinds.get(this.#bursts.first(burst));
    return this.#densities.at(kind, this.#now - this.#bursts.beganAt(burst));
  }

  #isYounger(burst: number, other: number): boolean {
    return this.#bursts.beganAt(burst) >= this.#bursts.beganAt(other);
  }
}

export const adaptivePolicy: EvictionPolicyFactory = {
  name: 'adaptive',
  create: () => new AdaptivePolicy(),
};
