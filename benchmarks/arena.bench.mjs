// Cost of the arena's parts. Needs a build: npx nest build && node scripts/build-native.mjs
import { Buffer } from 'node:buffer';
import { crc32c } from '../dist/common/crc32c.js';
import { createArena } from '../dist/arena/create-arena.js';
import { loadNative } from '../dist/arena/native/load-native.js';
import { ArenaSpaceService } from '../dist/arena/arena-space.js';
import { PageAllocator } from '../dist/arena/page-allocator.js';
import { ChunkKey } from '../dist/protocols/chunk-key/chunk-key.js';

const MIB = 2 ** 20;
const ROUNDS = 5;

/** Median of the nanoseconds of processor time per operation: other processes on the machine do not count. */
function nanoseconds(operations, run) {
  run();
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1000) / operations;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

function randomNumbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return (seed >>> 8) / 2 ** 24;
  };
}

/** Replaces random runs of 1 to 512 pages in an allocator that is nine tenths full of them. */
function pageCost(pageCount) {
  const allocator = new PageAllocator(pageCount);
  const random = randomNumbers(1);
  const size = () => 1 + Math.floor(511 * random() ** 4);
  const live = [];
  while (allocator.freePages > pageCount / 10) live.push(allocator.allocate(size()));
  const operations = 200_000;
  return nanoseconds(operations, () => {
    for (let i = 0; i < operations; i++) {
      const at = Math.floor(random() * live.length);
      allocator.free(live[at]);
      while ((live[at] = allocator.allocate(size())) < 0);
    }
  });
}

const key = ChunkKey.of('model@1@0@0123456789abcdef@bfloat16');

function arenaCost(arena, lengthBytes) {
  const operations = 100_000;
  return nanoseconds(operations, () => {
    for (let i = 0; i < operations; i++) arena.allocate({ key, lengthBytes })[Symbol.dispose]();
  });
}

/** Reserves in a full arena: each time the oldest chunk goes first. */
function evictingCost(arena, lengthBytes) {
  const held = [];
  for (let handle; (handle = arena.allocate({ key, lengthBytes })) !== undefined;) held.push(handle);
  const space = new ArenaSpaceService(arena);
  let oldest = 0;
  space.addReclaimer(() => {
    const { slot } = held[oldest];
    const bytes = arena.footprintBytes(slot);
    held[oldest][Symbol.dispose]();
    return bytes;
  });
  const operations = 50_000;
  const cost = nanoseconds(operations, () => {
    for (let i = 0; i < operations; i++) {
      held[oldest] = space.reserve({ key, lengthBytes });
      oldest = (oldest + 1) % held.length;
    }
  });
  for (const handle of held) handle[Symbol.dispose]();
  return cost;
}

function readCost(arena) {
  using handle = arena.allocate({ key, lengthBytes: 2 * MIB });
  const operations = 200_000;
  return nanoseconds(operations, () => {
    for (let i = 0; i < operations; i++) {
      if (!arena.matches(handle.slot, key)) throw new Error('no match');
      using read = arena.acquire(handle.slot);
      if (read.views.length === 0) throw new Error('no bytes');
    }
  });
}

function crcSpeed(compute, bytes, repeat) {
  return (
    bytes.length /
    nanoseconds(repeat, () => {
      for (let i = 0; i < repeat; i++) compute(bytes, 0);
    })
  );
}

function roundingLoss(arena, from, to) {
  let worst = { loss: 0 };
  for (let lengthBytes = from; lengthBytes < to; lengthBytes = Math.ceil(lengthBytes * 1.003) + 1) {
    using handle = arena.allocate({ key, lengthBytes });
    const loss = arena.footprintBytes(handle.slot) / lengthBytes - 1;
    if (loss > worst.loss) worst = { loss, lengthBytes };
  }
  return `${(100 * worst.loss).toFixed(1)} % at ${worst.lengthBytes} bytes`;
}

const costs = {};
for (const mebibytes of [64, 1024, 8192]) {
  // The tables are the same in both kinds of region, and no data is touched: the largest needs no 8 GiB of memory.
  const arena = createArena({ capacityBytes: mebibytes * MIB, native: false });
  costs[`${mebibytes} MiB`] = {
    'pages, replace': pageCost(mebibytes * 256),
    'chunk of 300 B': arenaCost(arena, 300),
    'chunk of 2 MiB': arenaCost(arena, 2 * MIB),
    'read 2 MiB': readCost(arena),
    'evict + reserve 1 MiB': evictingCost(arena, MIB),
  };
  arena.close();
}
for (const row of Object.values(costs)) for (const name in row) row[name] = `${row[name].toFixed(0)} ns`;
console.table(costs);

const checksums = {};
for (const [name, length] of [
  ['256 KiB', MIB / 4],
  ['4 MiB', 4 * MIB],
  ['64 MiB', 64 * MIB],
]) {
  const bytes = Buffer.alloc(length, 0x5a);
  checksums[name] = { TypeScript: `${crcSpeed(crc32c, bytes, 2 ** 26 / length).toFixed(1)} GB/s` };
  for (const [variant, compute] of Object.entries(loadNative().addon?.crc32cVariants ?? {})) {
    checksums[name][variant] = `${crcSpeed(compute, bytes, 2 ** 29 / length).toFixed(1)} GB/s`;
  }
}
console.table(checksums);

const arena = createArena({ capacityBytes: 256 * MIB, native: false });
console.table({
  '64 KiB to 128 MiB, key and metadata included': {
    'worst loss by rounding': roundingLoss(arena, 64 * 1024, 128 * MIB),
  },
  '1 KiB to 64 KiB, key and metadata included': {
    'worst loss by rounding': roundingLoss(arena, 1024, 64 * 1024),
  },
});
arena.close();
