import { type PutOutcome, type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { all, type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkLoads } from './chunk-loads.js';
import { type ChunkForms } from './forms/chunk-forms.js';
import { type InFlightPuts } from './in-flight-puts.js';
import { type Tier } from './tier.js';

export interface MoveOptions {
  /** Tier that it is taken from; undefined: from every other one of this server. */
  readonly from: Tier | undefined;
  readonly to: Tier;
  /** Leave it where it is, too. */
  readonly copy: boolean;
}

/**
 * `moved`; `there`: the tier had it already; `missing`: no tier that it may be taken from has it; `changed`: it was written
 * meanwhile, to all tiers. Else why the tier did not take it: then it stays where it was.
 */
export type MoveOutcome = 'moved' | 'there' | 'missing' | 'changed' | Exclude<PutOutcome, 'stored'>;

/**
 * Brings chunks from one tier to another, whichever comes first in the stack. Moves of one chunk follow each other: two at
 * a time could each take it from where the other leaves it.
 */
export class ChunkMoves {
  /** The last move of each chunk. */
  readonly #last = new Map<string, Promise<MoveOutcome>>();
  /** Chunks that are being moved and have not been written meanwhile. */
  readonly #unchanged = new Set<string>();
  /** How many have been taken from where they were: who has not found a chunk meanwhile may have passed it. */
  taken = 0;

  constructor(
    private readonly tiers: readonly Tier[],
    private readonly inFlight: InFlightPuts,
    /** Of moves alone: they end in one tier, and a load for a reader in others. */
    private readonly loads: ChunkLoads,
    private readonly forms: ChunkForms,
    private readonly removeFrom: (tiers: readonly Tier[], key: ChunkKey) => Awaitable<unknown>,
  ) {}

  /** The key was written, to all tiers: what is there now is not what is being moved. */
  invalidate(key: ChunkKey): void {
    if (this.#last.size === 0) return;
    this.#unchanged.delete(key.id);
    this.loads.invalidate(key);
  }

  async move(key: ChunkKey, options: MoveOptions): Promise<MoveOutcome> {
    const before = this.#last.get(key.id);
    const outcome =
      before === undefined ? this.#move(key, options) : before.then(() => this.#move(key, options));
    this.#last.set(key.id, outcome);
    try {
      return await outcome;
    } finally {
      if (this.#last.get(key.id) === outcome) this.#last.delete(key.id);
      this.#unchanged.delete(key.id);
    }
  }

  async #move(key: ChunkKey, { from, to, copy }: MoveOptions): Promise<MoveOutcome> {
    // What is still being written is there when it has been.
    await this.inFlight.done(key);
    if (!to.keeps) return 'rejected';
    this.#unchanged.add(key.id);
    const others = from === undefined ? this.tiers.filter((tier) => tier !== to && isOurs(tier)) : [from];
    const holders = await this.#holders(
      key,
      from === undefined ? this.tiers.filter((tier) => tier !== to) : others,
    );
    const isThere = await to.ask((backend) => backend.contains(key), false);
    if (!isThere) {
      const outcome = await this.#bring(key, holders, to);
      if (outcome !== 'moved') return outcome;
    }
    if (!this.#unchanged.has(key.id)) return 'changed';
    if (!copy) {
      this.taken++;
      await this.removeFrom(others, key);
    }
    return isThere ? 'there' : 'moved';
  }

  async #holders(key: ChunkKey, tiers: readonly Tier[]): Promise<readonly Tier[]> {
    const found = await all(tiers.map((tier) => tier.ask((backend) => backend.contains(key), false)));
    return tiers.filter((_, index) => found[index] === true);
  }

  async #bring(key: ChunkKey, holders: readonly Tier[], to: Tier): Promise<MoveOutcome> {
    for (const holder of holders) {
      const outcome = await this.#bringFrom(holder, key, to);
      if (outcome !== 'missing') return outcome;
    }
    return 'missing';
  }

  async #bringFrom(holder: Tier, key: ChunkKey, to: Tier): Promise<MoveOutcome> {
    let put: Awaitable<PutOutcome> | undefined;
    const outcome = await this.loads.read(
      key,
      async () => {
        const found = await holder.ask<ReadOutcome>((backend) => backend.get(key), 'miss');
        // As it is, where the other tier keeps that; else as it was put.
        return to.backend.capabilities.encodings ? found : this.forms.decode(found);
      },
      (handle) => {
        put = to.takes(handle) ? to.put(handle) : 'rejected';
        if (put instanceof Promise) this.inFlight.track(handle, put);
      },
    );
    if (typeof outcome === 'string') return outcome === 'busy' ? 'busy' : 'missing';
    outcome[Symbol.dispose]();
    if (put === undefined) return 'changed';
    const stored = await put;
    return stored === 'stored' ? 'moved' : stored;
  }
}

/** Whether the tier is of this server alone: what others see, too, is not taken from them. */
function isOurs({ backend }: Tier): boolean {
  return !backend.capabilities.shared;
}
