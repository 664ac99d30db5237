import { type AdmissionPolicy } from '../../../backends/admission-policy.interface.js';
import { type ChunkTraits, type EvictionPolicy } from '../../../backends/eviction-policy.interface.js';
import { type Trace } from '../trace.interface.js';
import { costOf } from './block-cost.js';
import { type Capacity } from './capacity.interface.js';

const NONE = -1;

export interface SimulatedTierOptions {
  readonly name: string;
  readonly capacity: Capacity;
  readonly policy: EvictionPolicy;
  /** Undefined: every block is taken. */
  readonly admission?: AdmissionPolicy | undefined;
}

/** A tier without bytes: it makes the calls of its eviction policy that the bookkeeping of a real tier makes. */
export class SimulatedTier {
  readonly name: string;
  /** Bytes of the blocks that were read. */
  readBytes = 0;
  evictions = 0;
  /** Blocks that found no room, or were not admitted. */
  refused = 0;
  readonly #policy: EvictionPolicy;
  readonly #admission: AdmissionPolicy | undefined;
  readonly #capacity: Capacity;
  readonly #entries: Int32Array;
  readonly #blocks: number[] = [];
  readonly #free: number[] = [];
  readonly #digest: [number, number, number, number] = [0, 0, 0, 0];
  #used = 0;

  constructor(
    { name, capacity, policy, admission }: SimulatedTierOptions,
    private readonly trace: Trace,
  ) {
    this.name = name;
    this.#policy = policy;
    this.#admission = admission;
    this.#capacity = capacity;
    this.#entries = new Int32Array(trace.blockCount).fill(NONE);
  }

  has(block: number): boolean {
    return this.#entries[block] !== NONE;
  }

  /** Reads a block that is there. */
  read(block: number): void {
    this.readBytes += this.trace.blockBytes[block] as number;
    this.touch(block);
  }

  touch(block: number): void {
    const entry = this.#entries[block] as number;
    this.#policy.onAccess(entry);
    this.#admission?.onAccess(entry);
  }

  /** @param parent the block in front of it, -1 = unknown. */
  insert(block: number, depth: number, parent: number): void {
    if (this.trace.blockBytes[block] === 0) return;
    const cost = costOf(this.trace, block, this.#capacity);
    const traits = this.#traits(block, depth, parent);
    if (!this.#admits(cost, traits) || !this.#makeRoom(cost)) {
      this.refused++;
      return;
    }
    const entry = this.#free.pop() ?? this.#blocks.length;
    this.#blocks[entry] = block;
    this.#entries[block] = entry;
    this.#used += cost;
    // What was in front of it may be gone by now.
    const inserted = this.#traits(block, depth, parent);
    this.#policy.onInsert(entry, inserted);
    this.#admission?.onInsert(entry, inserted);
  }

  #admits(cost: number, traits: ChunkTraits): boolean {
    if (cost > this.#capacity.amount) return false;
    const isFull = this.#used + cost > this.#capacity.amount;
    return (
      !isFull ||
      this.#admission === undefined ||
      this.#admission.admits(traits, this.#policy.victim(anyEntry))
    );
  }

  #makeRoom(cost: number): boolean {
    while (this.#used + cost > this.#capacity.amount) if (!this.#evict()) return false;
    return true;
  }

  #evict(): boolean {
    const entry = this.#policy.victim(anyEntry);
    if (entry === NONE) return false;
    const block = this.#blocks[entry] as number;
    this.evictions++;
    this.#used -= costOf(this.trace, block, this.#capacity);
    this.#entries[block] = NONE;
    this.#free.push(entry);
    this.#policy.onRemove(entry);
    this.#admission?.onRemove(entry);
    return true;
  }

  #traits(block: number, depth: number, parent: number): ChunkTraits {
    const { digests, blockBytes } = this.trace;
    for (let i = 0; i < 4; i++) this.#digest[i] = digests[4 * block + i] as number;
    return {
      digest: this.#digest,
      bytes: blockBytes[block] as number,
      tier: this.name,
      model: '',
      tenant: '',
      depth,
      parent: parent === NONE ? NONE : (this.#entries[parent] as number),
    };
  }
}

function anyEntry(): boolean {
  return true;
}
