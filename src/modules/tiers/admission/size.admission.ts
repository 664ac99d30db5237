import {
  type AdmissionPolicy,
  type AdmissionPolicyFactory,
} from '../../../backends/admission-policy.interface.js';
import { type ChunkTraits } from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { FrequencySketch } from '../eviction/structures/frequency-sketch.js';

/** A chunk this many times as large as the others comes in at once. */
const USUAL = 2;

/**
 * Takes large chunks later: one that is n times as large as the chunks there are on the average comes in when it is asked for the
 * n/2th time lately, so that it does not push many out for nothing. Never later than the fifteenth time.
 */
export class SizeAdmission implements AdmissionPolicy {
  readonly name = 'size';
  readonly #bytes = new PagedColumn(Float64Array);
  readonly #sketch = new FrequencySketch();
  #usedBytes = 0;
  #size = 0;

  get allocatedBytes(): number {
    return this.#bytes.allocatedBytes + this.#sketch.allocatedBytes;
  }

  onInsert(entry: number, { bytes }: ChunkTraits): void {
    this.#bytes.set(entry, bytes);
    this.#usedBytes += bytes;
    this.#sketch.fit(++this.#size);
  }

  onAccess(): void {
    // Reads say nothing about size.
  }

  onRemove(entry: number): void {
    this.#usedBytes -= this.#bytes.get(entry);
    this.#size--;
  }

  admits({ digest: [word], bytes }: ChunkTraits): boolean {
    if (bytes * this.#size <= USUAL * this.#usedBytes) return true;
    this.#sketch.count(word);
    const times = Math.min(15, Math.floor((bytes * this.#size) / (USUAL * this.#usedBytes)));
    return this.#size === 0 || this.#sketch.estimate(word) >= times;
  }
}

export const sizeAdmission: AdmissionPolicyFactory = { name: 'size', create: () => new SizeAdmission() };
