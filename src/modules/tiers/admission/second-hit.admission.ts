import {
  type AdmissionPolicy,
  type AdmissionPolicyFactory,
} from '../../../backends/admission-policy.interface.js';
import { type ChunkTraits } from '../../../backends/eviction-policy.interface.js';
import { RecentGhosts } from '../eviction/structures/recent-ghosts.js';

/** Chunks that are remembered, for each that is there. */
const REMEMBERED = 4;

/** Takes a chunk when it comes for the second time: what is computed once does not push others out. */
export class SecondHitAdmission implements AdmissionPolicy {
  readonly name = 'second-hit';
  readonly #seen = new RecentGhosts();
  #size = 0;

  get allocatedBytes(): number {
    return this.#seen.allocatedBytes;
  }

  onInsert(): void {
    this.#size++;
  }

  onAccess(): void {
    // Only what is not there matters.
  }

  onRemove(): void {
    this.#size--;
  }

  admits({ digest: [first, second] }: ChunkTraits): boolean {
    const remembered = Math.max(1, REMEMBERED * this.#size);
    if (this.#seen.take(first, second, remembered)) return true;
    this.#seen.put(first, second, remembered);
    return false;
  }
}

export const secondHitAdmission: AdmissionPolicyFactory = {
  name: 'second-hit',
  create: () => new SecondHitAdmission(),
};
