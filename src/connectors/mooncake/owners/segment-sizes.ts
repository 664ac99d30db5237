import { randomBytes } from 'node:crypto';
import { type MooncakeMasters } from '../master/mooncake-masters.js';
import { type SegmentOwners } from './segment-owners.js';

/** How long it is believed that no segment is larger. */
const BELIEF_MS = 10_000;

/** How large the segments of a store are: their owners say it, and the master names an owner when it grants memory. */
export class SegmentSizes {
  #learnedAtMs = -Infinity;

  constructor(
    private readonly masters: MooncakeMasters,
    private readonly owners: SegmentOwners,
  ) {}

  /**
   * The longest object that may be put now, as far as it is known; 0 when no segment is known. Looks for a larger one
   * where the known ones are too small.
   */
  async roomFor(lengthBytes: number): Promise<number> {
    const { longestSegmentBytes } = this.owners;
    const now = performance.now();
    const isBelieved = longestSegmentBytes > 0 && now - this.#learnedAtMs < BELIEF_MS;
    if (lengthBytes <= longestSegmentBytes || isBelieved) return longestSegmentBytes;
    this.#learnedAtMs = now;
    await this.#meetOwner();
    return this.owners.longestSegmentBytes;
  }

  /** Asks for memory for one byte, and gives it back. */
  async #meetOwner(): Promise<void> {
    const name = `kvnest:probe:${randomBytes(16).toString('hex')}`;
    const [grant] = await this.masters.putStart([{ name, lengthBytes: 1 }], 1);
    if (grant === undefined || 'code' in grant) return;
    await this.masters.putRevoke(name);
    for (const replica of grant) await this.owners.learn(replica);
  }
}
