import {
  type AdmissionPolicy,
  type AdmissionPolicyFactory,
} from '../../../backends/admission-policy.interface.js';
import { type ChunkTraits } from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { FrequencySketch } from '../eviction/structures/frequency-sketch.js';

/** TinyLFU: takes a chunk that was asked for more often lately than the one whose place it would take. */
export class TinyLfuAdmission implements AdmissionPolicy {
  readonly name = 'tinylfu';
  readonly #words = new PagedColumn(Uint32Array);
  readonly #sketch = new FrequencySketch();
  #size = 0;

  get allocatedBytes(): number {
    return this.#words.allocatedBytes + this.#sketch.allocatedBytes;
  }

  onInsert(entry: number, { digest }: ChunkTraits): void {
    this.#words.set(entry, digest[0]);
    this.#sketch.fit(++this.#size);
    this.#sketch.count(digest[0]);
  }

  onAccess(entry: number): void {
    this.#sketch.count(this.#words.get(entry));
  }

  onRemove(): void {
    this.#size--;
  }

  admits({ digest: [word] }: ChunkTraits, victim: number): boolean {
    const rival = victim === -1 ? 0 : this.#sketch.estimate(this.#words.get(victim));
    const admitted = this.#sketch.estimate(word) + 1 > rival;
    // One that is taken is counted as it comes in.
    if (!admitted) this.#sketch.count(word);
    return admitted;
  }
}

export const tinyLfuAdmission: AdmissionPolicyFactory = {
  name: 'tinylfu',
  create: () => new TinyLfuAdmission(),
};
