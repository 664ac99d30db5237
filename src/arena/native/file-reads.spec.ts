import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeer } from '../../../test/support/peer.js';
import { loadNative } from './load-native.js';

const ADDON = fileURLToPath(new URL('../../../native/build/Release/kvnest_native.node', import.meta.url));
const BYTES = 16 * 2 ** 20;

describeWithPeer(loadNative().reason)('reads of files on threads', () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvnest-file-reads-'));
    file = join(folder, 'file');
    writeFileSync(file, Buffer.alloc(BYTES, 7));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** In a process of its own: what goes wrong ends it. */
  const run = (script: string): object => {
    const { status, signal, stdout } = spawnSync(
      process.execPath,
      ['--expose-gc', '-e', script, ADDON, file],
      {
        encoding: 'utf8',
      },
    );
    return { status, signal, stdout };
  };

  it('do no harm in a worker thread that is terminated meanwhile', () => {
    const code = `
      const { openSync } = require('node:fs');
      const { parentPort, workerData: [addon, file] } = require('node:worker_threads');
      const { FileReads, Region } = require(addon);
      const region = new Region(-1, '', ${BYTES}, ${BYTES});
      const reads = new FileReads(2);
      const fd = openSync(file);
      const works = Array.from({ length: 16 }, () => reads.read(fd, 0, [Buffer.from(region.buffer)], ${BYTES}));
      works[0].then(() => parentPort.postMessage('reading'));
    `;
    const script = `
      const { once } = require('node:events');
      const { Worker } = require('node:worker_threads');
      const [addon, file] = process.argv.slice(1);
      const { FileReads } = require(addon);
      (async () => {
        for (let i = 0; i < 5; i++) {
          const worker = new Worker(${JSON.stringify(code)}, { eval: true, workerData: [addon, file] });
          await once(worker, 'message');
          await worker.terminate();
        }
        // As long as what the workers have left behind.
        const fd = require('node:fs').openSync(file);
        for (let i = 0; i < 4; i++) await new FileReads(1).read(fd, 0, Array.from({ length: 16 }, () => Buffer.alloc(${BYTES / 16})), 0);
        console.log('alive');
      })();
    `;
    expect(run(script)).toEqual({ status: 0, signal: null, stdout: 'alive\n' });
  });

  it('do no harm where the process exits meanwhile, and takes its time', () => {
    const script = `
      const { openSync } = require('node:fs');
      const [addon, file] = process.argv.slice(1);
      const { FileReads, Region } = require(addon);
      // Names that take long to remove at the exit.
      const name = '/proc/self/' + 'fd/../'.repeat(600) + 'none';
      const named = Array.from({ length: 300 }, (_, i) => new Region(-1, name + i, 4096, 0));
      const region = new Region(-1, '', ${BYTES}, ${BYTES});
      const reads = new FileReads(4);
      const fd = openSync(file);
      for (let i = 0; i < 200; i++) void reads.read(fd, 0, [Buffer.from(region.buffer)], ${BYTES});
      setImmediate(() => process.exit(named.length > 0 ? 3 : 4));
    `;
    expect(run(script)).toEqual({ status: 3, signal: null, stdout: '' });
  });

  it('end their threads when nobody can ask for more', () => {
    const script = `
      const { openSync, readdirSync } = require('node:fs');
      const [addon, file] = process.argv.slice(1);
      const { FileReads } = require(addon);
      const fd = openSync(file);
      const threads = () => readdirSync('/proc/self/task').length;
      const before = threads();
      (async () => {
        for (let i = 0; i < 20; i++) await new FileReads(4).read(fd, 0, [Buffer.alloc(4096)], 4096);
        const most = threads();
        for (const endMs = Date.now() + 5000; threads() > before && Date.now() < endMs;) {
          gc();
          await new Promise(setImmediate);
        }
        console.log(most > before, threads() <= before);
      })();
    `;
    expect(run(script)).toEqual({ status: 0, signal: null, stdout: 'true true\n' });
  });
});
