// A plugin that prints lines of 100 bytes at a steady rate, to its stdout or to /dev/null, until it is told to stop. Then
// it writes what it managed, and how long its longest write took, to the file that is named in its settings.
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';

const BLOCK = Buffer.from(`${'x'.repeat(99)}\n`.repeat(640));
const { megabytes, folder } = JSON.parse(process.env.LMCACHE_PLUGIN_EXTRA_CONFIG).flood;
const name = basename(process.argv[1], '.mjs');
const target = name === 'to_null' ? openSync('/dev/null', 'w') : 1;

const startedMs = performance.now();
let bytes = 0;
let longestMs = 0;

process.on('SIGTERM', () => {
  const seconds = (performance.now() - startedMs) / 1000;
  writeFileSync(`${folder}/${name}.json`, JSON.stringify({ megabytes: bytes / 1e6 / seconds, longestMs }));
  process.exit();
});

function print() {
  const due = ((performance.now() - startedMs) / 1000) * megabytes * 1e6;
  while (bytes < due) {
    const before = performance.now();
    bytes += writeSync(target, BLOCK);
    longestMs = Math.max(longestMs, performance.now() - before);
  }
  setTimeout(print, 1);
}

print();
