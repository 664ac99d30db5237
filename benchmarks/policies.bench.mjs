// What eviction policies cost: a read of a burst of 32 chunks, and an eviction with the insertion behind it, beside LRU.
// npx nest build && node benchmarks/policies.bench.mjs [entries …]
import { performance } from 'node:perf_hooks';
import { EVICTION_POLICIES_CATALOG } from '../dist/modules/tiers/eviction/eviction-policies.catalog.js';

const RUNS = 5;
const CALLS = 200_000;
const BURST = 32;
const sizes = process.argv.slice(2).map(Number);

const digest = [0, 0, 0, 0];
function traits(n) {
  for (let word = 0; word < 4; word++) digest[word] = Math.imul(4 * n + word + 1, 0x9e3779b1) >>> 0;
  return { digest, bytes: 1, tier: 'memory', model: '', tenant: '', depth: n % BURST, parent: -1 };
}

/** The best of some runs, nanoseconds per call. */
function nanoseconds(run) {
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, ((performance.now() - start) * 1e6) / CALLS);
  }
  return Math.round(best);
}

const always = () => true;
console.log('entries     policy      read ns  evict+insert ns  bytes a chunk');
for (const size of sizes.length > 0 ? sizes : [10_000, 1_000_000]) {
  for (const factory of EVICTION_POLICIES_CATALOG) {
    const policy = factory.create(size);
    let n = 0;
    for (let entry = 0; entry < size; entry++) policy.onInsert(entry, traits(n++));
    let place = 7;
    const read = nanoseconds(() => {
      for (let i = 0; i < CALLS; i += BURST) {
        place = (Math.imul(place, 1103515245) + 12345) >>> 0;
        for (let j = 0; j < BURST; j++) policy.onAccess((place + j) % size);
      }
    });
    const evict = nanoseconds(() => {
      for (let i = 0; i < CALLS; i++) {
        const victim = policy.victim(always);
        policy.onRemove(victim);
        policy.onInsert(victim, traits(n++));
      }
    });
    const bytes = Math.round(policy.allocatedBytes / size);
    console.log(
      `${String(size).padEnd(11)} ${factory.name.padEnd(11)} ${String(read).padEnd(8)} ${String(evict).padEnd(16)} ${bytes}`,
    );
  }
}
