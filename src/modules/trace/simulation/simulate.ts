import { type Trace } from '../trace.interface.js';
import { HitCounter, type HitCounts } from './hit-counter.js';
import { SimulatedTier, type SimulatedTierOptions } from './simulated-tier.js';

export interface SimulatedTierCounts {
  readonly name: string;
  readonly bytesRead: number;
  readonly evictions: number;
  readonly refused: number;
}

export interface SimulationResult extends HitCounts {
  /** In the order of the tiers. */
  readonly tiers: readonly SimulatedTierCounts[];
}

/**
 * Asks tiers for the blocks of a trace. Of each request the blocks in front of the first that no tier has are hits. They are read
 * from the last to the first, so that what many prefixes begin with is the most recent; behind them the others are stored in
 * their order, as a prefix is. A block that is there behind the gap counts as read, and as no hit.
 *
 * @param options the tiers, the first is asked first; every one takes what is stored, and what is read from one below it.
 */
export function simulate(trace: Trace, options: readonly SimulatedTierOptions[]): SimulationResult {
  const tiers = options.map((tier) => new SimulatedTier(tier, trace));
  const counter = new HitCounter(trace);
  for (let request = 0; request < trace.requests; request++) {
    const from = trace.starts[request] as number;
    const to = trace.starts[request + 1] as number;
    const gap = trace.storesOnly[request] === 1 ? from : firstMissing(trace, tiers, from, to);
    counter.count(request, gap);
    for (let reference = gap - 1; reference >= from; reference--) read(trace, tiers, reference, from);
    for (let reference = gap; reference < to; reference++) store(trace, tiers, reference, from);
  }
  return {
    ...counter.counts(),
    tiers: tiers.map(({ name, readBytes, evictions, refused }) => ({
      name,
      bytesRead: readBytes,
      evictions,
      refused,
    })),
  };
}

function firstMissing(trace: Trace, tiers: readonly SimulatedTier[], from: number, to: number): number {
  for (let reference = from; reference < to; reference++) {
    const block = trace.blocks[reference] as number;
    if (!tiers.some((tier) => tier.has(block))) return reference;
  }
  return to;
}

function read(trace: Trace, tiers: readonly SimulatedTier[], reference: number, from: number): void {
  const block = trace.blocks[reference] as number;
  const index = tiers.findIndex((tier) => tier.has(block));
  tiers[index]?.read(block);
  for (const tier of tiers.slice(0, index)) put(trace, tier, reference, from);
}

function store(trace: Trace, tiers: readonly SimulatedTier[], reference: number, from: number): void {
  const block = trace.blocks[reference] as number;
  for (const tier of tiers) {
    if (tier.has(block)) tier.touch(block);
    else put(trace, tier, reference, from);
  }
}

function put(trace: Trace, tier: SimulatedTier, reference: number, from: number): void {
  const parent = reference === from ? -1 : (trace.blocks[reference - 1] as number);
  tier.insert(trace.blocks[reference] as number, trace.depths[reference] as number, parent);
}
