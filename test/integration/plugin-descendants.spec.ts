import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  type SupervisedCommand,
  type SupervisedProcess,
} from '../../src/plugins/process/supervised-process.interface.js';
import { findSupervisor } from '../../src/plugins/process/supervisor-program.js';
import { startUnderSupervisor } from '../../src/plugins/process/supervisor.process.js';
import { expectEventually } from '../support/eventually.js';
import { allProcesses, MarkedProcesses, processFacts } from '../support/marked-processes.js';
import { nextLine } from '../support/next-line.js';
import { describeWithPeer } from '../support/peer.js';
import { COMET, SWARM, UNRULY } from '../support/unruly-plugins.js';

const MIB = 2 ** 20;
const LONG_MS = 60_000;
const SUPPORT = join(import.meta.dirname, '../support');

/** In place of a supervisor that hangs, for the kernel lets nobody hold one everywhere: starts something, and hears nothing. */
const DEAF = `#!/usr/bin/env bash
trap '' TERM
setsid sleep 1000 &
echo "started $!" >&3
[[ $6 == ends ]] && echo 'exited 3' >&3
while :; do sleep 1; done
`;
const { path: program = '', reason } = findSupervisor();

let marked: MarkedProcesses;

beforeEach(() => {
  marked = new MarkedProcesses();
});

afterEach(() => marked.killAll());

function start(
  command: [string, ...string[]],
  options: Partial<SupervisedCommand> = {},
): Promise<SupervisedProcess> {
  return startUnderSupervisor(program, { command, cwd: '/', env: marked.env, ...options });
}

/** Runs a script of bash and waits until it has said `up`. */
async function up(script: string): Promise<SupervisedProcess> {
  const plugin = await start(['bash', '-c', script]);
  expect(await nextLine(plugin.stdout)).toBe('up');
  return plugin;
}

const supervisorOf = ({ pid }: SupervisedProcess): number => processFacts(pid)?.parent ?? 0;
const descriptorsOf = (pid: number): string[] => readdirSync(`/proc/${pid}/fd`);

describeWithPeer(reason)('what a plugin under its supervisor has started', () => {
  it.each(['leavesItsGroup', 'stopsItself', 'forksAllTheTime'] as const)(
    'dies when the plugin is stopped that %s',
    async (name) => {
      const plugin = await up(UNRULY[name]);
      await expectEventually(() => marked.pids().length >= 3);
      const exit = await plugin.stop(100);
      expect(exit).toEqual({ code: undefined, signal: 'SIGKILL' });
      expect(marked.pids()).toEqual([]);
    },
  );

  it('dies when the plugin ends by itself', async () => {
    const plugin = await up(UNRULY.leavesItsGroup.replace(/while.*done$/, 'sleep 0.2; exit 4'));
    await expect(plugin.exited).resolves.toEqual({ code: 4, signal: undefined });
    expect(marked.pids()).toEqual([]);
  });

  it('dies though it is another process every moment', async () => {
    const comets = await Promise.all([1, 2, 3, 4].map(() => start(['python3', '-c', COMET])));
    for (const { stdout } of comets) expect(await nextLine(stdout)).toBe('up');
    await Promise.all(comets.map((comet) => comet.stop(0)));
    await marked.untilGone(1000);
  });

  it('dies though it is so many processes that are others every moment that its supervisor has little of the processor', async () => {
    const plugin = await start(['python3', '-c', SWARM]);
    expect(await nextLine(plugin.stdout)).toBe('up');
    await plugin.stop(0);
    expect(marked.pids()).toEqual([]);
  });

  it('is asked before, also outside the group, and also when it is stopped', async () => {
    const polite = `trap "echo asked; exit" TERM; echo up; kill -STOP $$; while :; do sleep 0.01; done`;
    const plugin = await start(['bash', '-c', `setsid bash -c '${polite}' & wait`]);
    const output = text(plugin.stdout);
    await expectEventually(() => marked.pids().some((pid) => processFacts(pid)?.state === 'T'));
    await plugin.stop(LONG_MS);
    expect(await output).toBe('up\nasked\n');
  });

  it('is reaped while the plugin runs', async () => {
    const plugin = await up(`for i in {1..50}; do ( ( : ) & ); done; echo up; sleep 1000`);
    const supervisor = supervisorOf(plugin);
    await expectEventually(() => allProcesses().filter(({ parent }) => parent === supervisor).length === 1);
    await plugin.stop(0);
  });
});

describeWithPeer(reason)('a supervisor', () => {
  it('gives the plugin descriptors 0, 1 and 2 alone, and keeps none of the server', async () => {
    const inherited = openSync(import.meta.filename, 'r');
    const hooks = join(SUPPORT, 'typescript-hooks.mjs');
    const commands = JSON.stringify([['sleep', '1000']]);
    const args = ['--import', hooks, join(SUPPORT, 'plugin-host.ts'), commands];
    const host = spawn(process.execPath, args, {
      env: marked.env,
      stdio: ['ignore', 'pipe', 'inherit', inherited, inherited, inherited],
    });
    const lines: string[] = [];
    createInterface({ input: host.stdout! }).on('line', (line) => lines.push(line));
    await expectEventually(() => lines.length === 2);
    const pid = Number(lines[1]?.replace('pids ', ''));
    // While it starts it opens its libraries.
    await expectEventually(() => descriptorsOf(pid).join() === '0,1,2');
    const supervisor = processFacts(pid)?.parent ?? 0;
    const targets = descriptorsOf(supervisor).map((fd) => readlinkSync(`/proc/${supervisor}/fd/${fd}`));
    expect(readlinkSync(`/proc/${host.pid ?? 0}/fd/4`)).toBe(realpathSync(import.meta.filename));
    expect(targets.map((target) => target.replace(/:.*/, '')).sort()).toEqual([
      '/dev/null',
      '/dev/null',
      '/dev/null',
      'anon_inode',
      'socket',
    ]);
    host.kill('SIGKILL');
    await marked.untilGone(2000);
  });

  it('closes what it inherits from a server that does not mark it', async () => {
    const script = `exec 9< /dev/zero; "$0" $$ 500 0 0 / sleep 1000 & exec 3>&-; wait`;
    const server = spawn('bash', ['-c', script, program], {
      env: marked.env,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    const pid = Number((await nextLine(server.stdio[3] as Readable)).replace('started ', ''));
    await expectEventually(() => descriptorsOf(pid).join() === '0,1,2');
    expect(descriptorsOf(processFacts(pid)?.parent ?? 0)).not.toContain('9');
    server.kill('SIGKILL');
    await marked.untilGone(2000);
  });

  it('starts nothing for a server that is gone already', async () => {
    const other = String(process.ppid);
    const args = [other, '500', '0', '0', '/', 'bash', '-c', 'echo started; sleep 1000'];
    const late = spawn(program, args, { env: marked.env, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
    const exited = once(late, 'exit');
    expect(await text(late.stdout as Readable)).toBe('');
    expect(await exited).toEqual([0, null]);
  });

  it('gives the plugin an output that it can open again', async () => {
    const plugin = await start(['bash', '-c', 'echo out > /dev/stdout; echo err > /dev/stderr']);
    expect([await text(plugin.stdout), await text(plugin.stderr)]).toEqual(['out\n', 'err\n']);
  });

  it('is disturbed by no signal that can be held back', async () => {
    const plugin = await up(UNRULY.ignoresSigterm);
    const supervisor = supervisorOf(plugin);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGTSTP', 'SIGPIPE'] as const)
      process.kill(supervisor, signal);
    const facts = [supervisor, plugin.pid, process.pid].map(processFacts);
    expect(new Set(facts.map((one) => one?.session)).size).toBe(3);
    await expectEventually(() => processFacts(supervisor)?.state === 'S');
    await expect(plugin.stop(0)).resolves.toMatchObject({ signal: 'SIGKILL' });
    expect(marked.pids()).toEqual([]);
  });

  it('that is killed takes the plugin and its group along', async () => {
    const plugin = await up(UNRULY.childrenIgnoreSigterm);
    process.kill(supervisorOf(plugin), 'SIGKILL');
    await expect(plugin.exited).resolves.toEqual({ code: undefined, signal: 'SIGKILL' });
    await marked.untilGone(1000);
    await expect(plugin.stop(0)).resolves.toMatchObject({ signal: 'SIGKILL' });
  });

  it('that the plugin has stopped goes on when there is something to do', async () => {
    const plugin = await up(UNRULY.leavesItsGroup);
    const supervisor = supervisorOf(plugin);
    process.kill(supervisor, 'SIGSTOP');
    await expectEventually(() => processFacts(supervisor)?.state === 'T');
    await expect(plugin.stop(0)).resolves.toMatchObject({ signal: 'SIGKILL' });
    expect(marked.pids()).toEqual([]);
  });

  it('that the plugin has stopped notices the end of the server', async () => {
    const stopper = ['bash', '-c', `kill -STOP $PPID; ${UNRULY.leavesItsGroup}`];
    const hooks = join(SUPPORT, 'typescript-hooks.mjs');
    const args = ['--import', hooks, join(SUPPORT, 'plugin-host.ts'), JSON.stringify([stopper])];
    const host = spawn(process.execPath, args, { env: marked.env, stdio: ['ignore', 'pipe', 'inherit'] });
    await expectEventually(() => marked.pids().some((pid) => processFacts(pid)?.state === 'T'));
    host.kill('SIGKILL');
    await marked.untilGone(2000);
  });

  it('that is killed takes the plugin along by the kernel, when the server cannot', async () => {
    const args = ['--import', join(SUPPORT, 'typescript-hooks.mjs'), join(SUPPORT, 'plugin-host.ts')];
    const commands = JSON.stringify([['sleep', '1000']]);
    const host = spawn(process.execPath, [...args, commands], {
      env: marked.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    createInterface({ input: host.stdout }).on('line', (line) => lines.push(line));
    await expectEventually(() => lines.length === 2);
    const pid = Number(lines[1]?.replace('pids ', ''));
    host.kill('SIGSTOP');
    process.kill(processFacts(pid)?.parent ?? 0, 'SIGKILL');
    await expectEventually(() => (processFacts(pid)?.state ?? 'Z') === 'Z');
    host.kill('SIGKILL');
    await marked.untilGone(2000);
  });

  it('that hangs does not hold up a stop, nor the end of what has ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-deaf-'));
    const deaf = join(folder, 'deaf.sh');
    await writeFile(deaf, DEAF, { mode: 0o755 });
    const [plugin, ended] = await Promise.all(
      ['goes on', 'ends'].map((name) =>
        startUnderSupervisor(deaf, { command: [name], cwd: '/', env: marked.env }),
      ),
    );
    await rm(folder, { recursive: true });
    const exits = await Promise.all([plugin!.stop(0), ended!.exited]);
    expect(exits).toEqual([
      { code: undefined, signal: undefined },
      { code: 3, signal: undefined },
    ]);
    await expectEventually(() => (processFacts(plugin!.pid)?.state ?? 'Z') === 'Z');
  });

  it('notices the end of the server by the kernel, too, when another process holds its line', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const args = [process.pid, 500, 0, 0, '/', 'bash', '-c', 'sleep 1000'].map(String);
      spawn(${JSON.stringify(program)}, args, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 3] });
      setInterval(() => {}, 1000);`;
    const server = spawn(process.execPath, ['-e', script], {
      env: marked.env,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    expect(await nextLine(server.stdio[3] as Readable)).toMatch(/^started \d+$/);
    server.kill('SIGKILL');
    await marked.untilGone(2000);
  });

  it('limits the memory of the plugin', async () => {
    const options = { memoryBytes: 512 * MIB };
    const limited = await start(['bash', '-c', 'ulimit -v; ulimit -Hv'], options);
    expect(await text(limited.stdout)).toBe('524288\n524288\n');
    const greedy = await start(['python3', '-c', 'bytearray(1 << 30)'], options);
    greedy.stdout.resume();
    expect(await text(greedy.stderr)).toContain('MemoryError');
    await expect(greedy.exited).resolves.toEqual({ code: 1, signal: undefined });
  });

  it('is small', async () => {
    const plugin = await up(UNRULY.ignoresSigterm);
    const status = readFileSync(`/proc/${supervisorOf(plugin)}/status`, 'latin1');
    // 0.7 MB linked statically, 1.4 MB with the shared C library.
    expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(2048);
    await plugin.stop(0);
  });
});
