import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type HiddenKeys } from '../hidden-keys.js';
import { type ContainsOptions, type ReadOutcome } from '../storage-backend.interface.js';
import { CallBatch } from './call-batch.js';
import { type PeerLookups } from './peer-lookups.js';
import { type PeerExistsOptions } from './peer-reader.interface.js';
import { type PeerReads } from './peer-reads.js';

/** Questions to peers, as few as possible: those of one turn are one, and what was removed here is not asked for. */
export class PeerQuestions {
  readonly #gets: CallBatch<ChunkKey, ReadOutcome>;
  readonly #lookups = new Map<string, CallBatch<ChunkKey, boolean>>();

  constructor(
    private readonly lookups: PeerLookups,
    private readonly reads: PeerReads,
    private readonly removed: HiddenKeys,
  ) {
    this.#gets = new CallBatch((keys) => reads.getMany(keys));
  }

  async contains(key: ChunkKey, options: ContainsOptions): Promise<boolean> {
    if (this.removed.has(key)) return false;
    const how = existsOptions(options);
    const found = await this.#batch(how).call(key);
    return found && !this.removed.has(key);
  }

  async containsPrefix(keys: readonly ChunkKey[], options: ContainsOptions): Promise<number> {
    const end = keys.findIndex((key) => this.removed.has(key));
    const asked = end === -1 ? keys : keys.slice(0, end);
    if (asked.length === 0) return 0;
    const found = await this.lookups.contains(asked, existsOptions(options));
    const gap = found.findIndex((isThere, index) => !isThere || this.removed.has(asked[index] as ChunkKey));
    return gap === -1 ? asked.length : gap;
  }

  async get(key: ChunkKey): Promise<ReadOutcome> {
    if (this.removed.has(key)) return 'miss';
    return this.#unlessRemoved(key, await this.#gets.call(key));
  }

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const asked = keys.filter((key) => !this.removed.has(key));
    const outcomes = await this.reads.getMany(asked);
    let next = 0;
    return keys.map((key) =>
      key === asked[next] ? this.#unlessRemoved(key, outcomes[next++] ?? 'miss') : 'miss',
    );
  }

  /** A removal wins over a read that began before it. */
  #unlessRemoved(key: ChunkKey, outcome: ReadOutcome): ReadOutcome {
    if (typeof outcome === 'string' || !this.removed.has(key)) return outcome;
    outcome[Symbol.dispose]();
    return 'miss';
  }

  #batch(how: PeerExistsOptions): CallBatch<ChunkKey, boolean> {
    const kind = JSON.stringify(how);
    const known = this.#lookups.get(kind);
    if (known !== undefined) return known;
    const batch = new CallBatch<ChunkKey, boolean>((keys) => this.lookups.contains(keys, how));
    this.#lookups.set(kind, batch);
    return batch;
  }
}

function existsOptions({ withMetadata = false, leaseMs }: ContainsOptions): PeerExistsOptions {
  return { withMetadata, lease: leaseMs !== undefined };
}
