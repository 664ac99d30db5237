// The index of chunks at a million and ten million entries, beside a Map with string keys.
// npx nest build && node benchmarks/index.bench.mjs [entries …]
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DigestIndex } from '../dist/backends/residency/digest-index.js';
import { digest128 } from '../dist/protocols/chunk-key/digest.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const LOOKUPS = 2_000_000;
const BATCH = 1_000;
const KEY_BYTES = 100;
const sizes = process.argv.slice(2).map(Number);

/** Bytes of the key number `n`, in a buffer that the next call overwrites. */
const keyBuffer = Buffer.alloc(KEY_BYTES, 'org/model-name@00000001@0@');
function keyBytes(n) {
  keyBuffer.writeUInt32LE(n, KEY_BYTES - 4);
  return keyBuffer;
}

const key = { d0: 0, d1: 0, d2: 0, d3: 0 };
function digestOf(n) {
  const words = digest128(keyBytes(n), 0);
  key.d0 = words[0];
  key.d1 = words[1];
  key.d2 = words[2];
  key.d3 = words[3];
  return key;
}

/** A digest without the cost of hashing a key. */
function cheapDigest(n) {
  let x = Math.imul(n + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  key.d0 = (x ^ (x >>> 16)) >>> 0;
  key.d1 = n;
  key.d2 = n ^ 0x5bd1e995;
  key.d3 = 1;
  return key;
}

function cpuMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** @returns CPU milliseconds of the longest batch of inserts, collecting garbage included: no insert took longer. */
function longestBatchMs(entries, insert) {
  let longest = 0;
  for (let n = 0; n < entries;) {
    const before = cpuMs();
    for (let i = 0; i < BATCH && n < entries; i++, n++) insert(n);
    longest = Math.max(longest, cpuMs() - before);
  }
  return longest;
}

function lookupsPerCpuSecond(entries, find) {
  let n = 1;
  let found = 0;
  const before = cpuMs();
  for (let i = 0; i < LOOKUPS; i++) {
    n = (Math.imul(n, 1_664_525) + 1_013_904_223) >>> 0;
    if (find(n % entries)) found++;
  }
  if (found !== LOOKUPS) throw new Error(`found ${found} of ${LOOKUPS}`);
  return LOOKUPS / ((cpuMs() - before) / 1_000);
}

function fullGcMs() {
  gc();
  const before = performance.now();
  gc();
  return performance.now() - before;
}

const millions = (perSecond) => (perSecond / 1e6).toFixed(1);
const any = () => true;

function measure({ name, entries, bytes, insert, find }) {
  const longest = longestBatchMs(entries, insert);
  return {
    index: name,
    entries,
    'bytes per entry': Math.round(bytes() / entries),
    'M lookups per CPU s, from key bytes': millions(lookupsPerCpuSecond(entries, find)),
    'by digest': '',
    [`longest ${BATCH} inserts, CPU ms`]: longest.toFixed(1),
    'full GC, ms': fullGcMs().toFixed(1),
  };
}

function measureIndex(entries) {
  const index = new DigestIndex();
  return measure({
    name: 'DigestIndex',
    entries,
    bytes: () => index.allocatedBytes,
    insert: (n) => index.insert(digestOf(n), n),
    find: (n) => index.find(digestOf(n), any) === n,
  });
}

/** Filled by digests that cost nothing to make: what the table alone can do. */
function measureIndexByDigest(entries) {
  const index = new DigestIndex();
  for (let n = 0; n < entries; n++) index.insert(cheapDigest(n), n);
  return millions(lookupsPerCpuSecond(entries, (n) => index.find(cheapDigest(n), any) === n));
}

function measureMap(entries) {
  gc();
  const before = process.memoryUsage().heapUsed;
  const map = new Map();
  return measure({
    name: 'Map, string keys',
    entries,
    bytes: () => (gc(), process.memoryUsage().heapUsed - before),
    insert: (n) => map.set(keyBytes(n).latin1Slice(0, KEY_BYTES), n),
    find: (n) => map.get(keyBytes(n).latin1Slice(0, KEY_BYTES)) === n,
  });
}

const rows = [];
for (const entries of sizes.length > 0 ? sizes : [1_000_000, 10_000_000]) {
  const row = measureIndex(entries);
  row['by digest'] = measureIndexByDigest(entries);
  rows.push(row);
}
rows.push(measureMap(1_000_000));

const headings = Object.keys(rows[0]);
console.log(`| ${headings.join(' | ')} |\n|${'---|'.repeat(headings.length)}`);
for (const row of rows)
  console.log(`| ${headings.map((heading) => row[heading].toLocaleString('en')).join(' | ')} |`);
