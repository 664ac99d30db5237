import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findSupervisor } from '../../src/plugins/process/supervisor-program.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { MarkedProcesses } from '../support/marked-processes.js';
import { nextLine } from '../support/next-line.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';
import { COMET, UNRULY } from '../support/unruly-plugins.js';

const SOAK = process.env['KVNEST_SOAK'] === '1';
const GONE_WITHIN_MS = 2000;
const MAX_RUN_MS = 500;
const TIMEOUT_MS = 30 * 60_000;
const SUPPORT = join(import.meta.dirname, '../support');

let marked: MarkedProcesses;
let folder: string;
let longestMs = 0;
let most = 0;

beforeEach(async () => {
  marked = new MarkedProcesses();
  folder = await mkdtemp(join(tmpdir(), 'kvnest-plugin-kill-'));
  longestMs = 0;
  most = 0;
});

afterEach(async () => {
  await marked.killAll();
  await rm(folder, { recursive: true });
});

/** Lets a server run for a while, kills it, and sees its plugins die. */
async function killAfter(runMs: number, kill: () => Promise<unknown>): Promise<void> {
  await delay(runMs);
  most = Math.max(most, marked.pids().length);
  await kill();
  longestMs = Math.max(longestMs, await marked.untilGone(GONE_WITHIN_MS));
}

function report(rounds: number): void {
  if (SOAK)
    process.stdout.write(`${rounds} rounds: the last process was gone after ${longestMs.toFixed(0)} ms\n`);
}

describeWithPeer(findSupervisor().reason)('when its server is killed', () => {
  it(
    'no process of any plugin is left after two seconds',
    async () => {
      const rounds = SOAK ? 100 : 5;
      const bash = Object.values(UNRULY).map((script) => ['bash', '-c', script]);
      const commands = JSON.stringify([...bash, ['python3', '-c', COMET]]);
      const hooks = join(SUPPORT, 'typescript-hooks.mjs');
      const args = ['--import', hooks, join(SUPPORT, 'plugin-host.ts'), commands];
      for (let round = 0; round < rounds; round++) {
        const host = spawn(process.execPath, args, { env: marked.env, stdio: ['ignore', 'pipe', 'inherit'] });
        const exited = once(host, 'exit');
        expect(await nextLine(host.stdout)).toBe('up');
        await killAfter(new SeededRandom(round).below(MAX_RUN_MS), () => {
          host.kill('SIGKILL');
          return exited;
        });
      }
      // Each plugin has a supervisor and some processes.
      expect(most).toBeGreaterThan(8);
      report(rounds);
    },
    TIMEOUT_MS,
  );

  it(
    'no process of the plugins of `kvnest serve` is left after two seconds',
    async () => {
      const rounds = SOAK ? 100 : 2;
      for (const [name, script] of Object.entries(UNRULY))
        await writeFile(join(folder, `${name}.sh`), `#!/usr/bin/env bash\n${script}\n`);
      await writeFile(join(folder, 'comet.py'), COMET);
      const config = await writeConfig(folder, {
        max_local_cpu_size: 0.0625,
        max_local_disk_size: 0,
        plugin_locations: Object.keys(UNRULY)
          .map((name) => join(folder, `${name}.sh`))
          .concat(join(folder, 'comet.py')),
      });
      for (let round = 0; round < rounds; round++) {
        const server = await KvnestProcess.start(config, { env: marked.env });
        await killAfter(new SeededRandom(round).below(2 * MAX_RUN_MS), () => server.kill());
      }
      // Each plugin has a supervisor and some processes.
      expect(most).toBeGreaterThan(8);
      report(rounds);
    },
    TIMEOUT_MS,
  );
});
