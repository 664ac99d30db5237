import { type Trace } from '../trace.interface.js';
import { HitCounter } from './hit-counter.js';
import { costOf } from './block-cost.js';
import { type Capacity } from './capacity.interface.js';
import { type SimulationResult } from './simulate.js';
import { VictimHeap } from './victim-heap.js';

const NEVER = 0x7fffffff;

/**
 * Bélády's optimum, which knows the future: what is needed furthest away goes first, of those the deepest block, and what is
 * never needed again is not kept. Hits are counted as `simulate` counts them.
 */
export function simulateBelady(trace: Trace, capacity: Capacity): SimulationResult {
  const next = nextRequests(trace);
  const kept = new VictimHeap(trace.blockCount);
  const counter = new HitCounter(trace);
  let used = 0;
  let bytesRead = 0;
  let evictions = 0;
  for (let request = 0; request < trace.requests; request++) {
    const from = trace.starts[request] as number;
    const to = trace.starts[request + 1] as number;
    let gap = from;
    if (trace.storesOnly[request] === 0) {
      while (gap < to && kept.has(trace.blocks[gap] as number)) {
        bytesRead += trace.blockBytes[trace.blocks[gap] as number] as number;
        gap++;
      }
    }
    counter.count(request, gap);
    for (let reference = from; reference < to; reference++) {
      const block = trace.blocks[reference] as number;
      const wanted = next[reference] as number;
      if (kept.has(block)) used -= costOf(trace, block, capacity);
      if (wanted === NEVER || trace.blockBytes[block] === 0) kept.remove(block);
      else {
        kept.set(block, wanted, trace.depths[reference] as number);
        used += costOf(trace, block, capacity);
      }
    }
    for (; used > capacity.amount; evictions++) used -= costOf(trace, kept.removeFirst(), capacity);
  }
  return {
    ...counter.counts(),
    tiers: [{ name: 'optimum', bytesRead, evictions, refused: 0 }],
  };
}

/** For each reference the request that next asks for its block. */
function nextRequests({ requests, starts, blocks, blockCount, storesOnly }: Trace): Int32Array {
  const next = new Int32Array(blocks.length);
  const upcoming = new Int32Array(blockCount).fill(NEVER);
  for (let request = requests - 1; request >= 0; request--) {
    const from = starts[request] as number;
    const to = starts[request + 1] as number;
    for (let reference = from; reference < to; reference++) {
      next[reference] = upcoming[blocks[reference] as number] as number;
    }
    if (storesOnly[request] === 1) continue;
    for (let reference = from; reference < to; reference++) upcoming[blocks[reference] as number] = request;
  }
  return next;
}
