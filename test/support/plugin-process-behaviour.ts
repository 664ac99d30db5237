import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import {
  type StartSupervised,
  type SupervisedCommand,
  type SupervisedProcess,
} from '../../src/plugins/process/supervised-process.interface.js';
import { expectEventually } from './eventually.js';
import { allProcesses, MarkedProcesses, processFacts } from './marked-processes.js';
import { nextLine } from './next-line.js';
import { UNRULY } from './unruly-plugins.js';

const MIB = 2 ** 20;
const LONG_MS = 60_000;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const zombies = (): number =>
  allProcesses().filter(({ parent, state }) => parent === process.pid && state === 'Z').length;

/** What holds of a plugin under its supervisor and without one. */
export function behavesAsSupervised(start: StartSupervised): void {
  let marked: MarkedProcesses;
  let folder: string;

  beforeEach(async () => {
    marked = new MarkedProcesses();
    folder = await mkdtemp(join(tmpdir(), 'kvnest-plugin-'));
  });

  afterEach(async () => {
    await marked.killAll();
    await rm(folder, { recursive: true });
  });

  const run = (script: string, options: Partial<SupervisedCommand> = {}): Promise<SupervisedProcess> =>
    start({ command: ['bash', '-c', script], cwd: folder, env: marked.env, ...options });

  it.each([
    ['exit 0', { code: 0, signal: undefined }],
    ['exit 3', { code: 3, signal: undefined }],
    ['kill -TERM $$', { code: undefined, signal: 'SIGTERM' }],
    ['kill -KILL $$', { code: undefined, signal: 'SIGKILL' }],
  ])('tells how `%s` ended', async (script, exit) => {
    const plugin = await run(script);
    await expect(plugin.exited).resolves.toEqual(exit);
    expect(processFacts(plugin.pid)).toBeUndefined();
  });

  it('gives the output of both streams, also after the end', async () => {
    const plugin = await run('echo out; echo err >&2');
    await plugin.exited;
    expect([await text(plugin.stdout), await text(plugin.stderr)]).toEqual(['out\n', 'err\n']);
  });

  it('runs it with its arguments, in its folder and with its environment alone, and without input', async () => {
    const env = { ...marked.env, ONLY: 'this "one"' };
    const script = `cat; pwd; echo "$1|$ONLY|$HOME$USER"`;
    const plugin = await start({ command: ['bash', '-c', script, 'name', 'a  b'], cwd: folder, env });
    expect(await text(plugin.stdout)).toBe(`${folder}\na  b|this "one"|\n`);
  });

  it('refuses what cannot be run, and keeps nothing of it', async () => {
    await writeFile(join(folder, 'plain.sh'), 'echo no', { mode: 0o644 });
    await writeFile(join(folder, 'odd.sh'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const before = openDescriptors();
    const commands: readonly [string, string][] = [
      ['kvnest-no-such-program', 'ENOENT'],
      [join(folder, 'none'), 'ENOENT'],
      [join(folder, 'odd.sh'), 'ENOENT'],
      [join(folder, 'plain.sh'), 'EACCES'],
    ];
    for (const [command, error] of commands) {
      const details: unknown = expect.objectContaining({ error, command });
      const failure = start({ command: [command], cwd: folder, env: marked.env });
      await expect(failure).rejects.toMatchObject({ code: 'KV_PLUGIN_SPAWN', details });
    }
    const elsewhere = run('true', { cwd: join(folder, 'none') });
    await expect(elsewhere).rejects.toMatchObject({ code: 'KV_PLUGIN_SPAWN', details: { error: 'ENOENT' } });
    await expect(run('true\0')).rejects.toMatchObject({ code: 'KV_PLUGIN_SPAWN' });
    await expectEventually(() => openDescriptors() <= before && zombies() === 0);
  });

  it('asks once, and takes the exit that it gets', async () => {
    const plugin = await run(
      `n=0; trap 'n=$((n+1))' TERM; echo up; while [ $n = 0 ]; do sleep 0.01; done; sleep 0.3; exit $n`,
    );
    expect(await nextLine(plugin.stdout)).toBe('up');
    const exits = await Promise.all([plugin.stop(LONG_MS), plugin.stop(LONG_MS), plugin.exited]);
    expect(exits).toEqual(new Array(3).fill({ code: 1, signal: undefined }));
    await expect(plugin.stop(0)).resolves.toEqual(exits[0]);
  });

  it('asks a process, too, that is stopped', async () => {
    const plugin = await run(`trap 'exit 5' TERM; echo up; kill -STOP $$; sleep 1000`);
    expect(await nextLine(plugin.stdout)).toBe('up');
    await expectEventually(() => processFacts(plugin.pid)?.state === 'T');
    await expect(plugin.stop(LONG_MS)).resolves.toEqual({ code: 5, signal: undefined });
  });

  it('asks nobody twice, and gives what outlives the first process the rest of the grace', async () => {
    const child = `n=0; trap 'n=$((n+1))' TERM; echo up; while [ $n = 0 ]; do sleep 0.01; done; sleep 0.8; echo $n`;
    const plugin = await start({
      command: ['bash', '-c', `bash -c "$1" & wait`, 'name', child],
      cwd: folder,
      env: marked.env,
    });
    const lines: string[] = [];
    createInterface({ input: plugin.stdout }).on('line', (line) => lines.push(line));
    await expectEventually(() => lines.length === 1);
    await expect(plugin.stop(LONG_MS)).resolves.toMatchObject({ signal: 'SIGTERM' });
    await expectEventually(() => lines.length === 2);
    expect(lines).toEqual(['up', '1']);
  });

  it.each(['ignoresSigterm', 'childrenIgnoreSigterm', 'stopsItself', 'forksAllTheTime'] as const)(
    'leaves nothing when it is stopped that %s',
    async (name) => {
      // Without the supervisor only the group dies.
      const plugin = await run(UNRULY[name].replaceAll('setsid ', ''));
      expect(await nextLine(plugin.stdout)).toBe('up');
      const exit = await plugin.stop(100);
      expect(exit.signal).toBe(name === 'childrenIgnoreSigterm' ? 'SIGTERM' : 'SIGKILL');
      await marked.untilGone(1000);
      expect(zombies()).toBe(0);
    },
  );

  it('may be told to hurry', async () => {
    const plugin = await run(UNRULY.ignoresSigterm);
    expect(await nextLine(plugin.stdout)).toBe('up');
    void plugin.stop(LONG_MS);
    void plugin.stop(2 * LONG_MS);
    await expect(plugin.stop(0)).resolves.toMatchObject({ signal: 'SIGKILL' });
  });

  it('ends what the process leaves behind, and asks before', async () => {
    const file = join(folder, 'asked');
    const polite = `trap 'echo yes > ${file}; exit' TERM; echo up; while :; do sleep 0.01; done`;
    const plugin = await run(`bash -c '${UNRULY.ignoresSigterm}' & bash -c "${polite}" & sleep 0.3; exit 7`);
    await expect(plugin.exited).resolves.toMatchObject({ code: 7 });
    await marked.untilGone(1000);
    expect(readdirSync(folder)).toEqual(['asked']);
  });

  it('lets a process go on that closed its output', async () => {
    const plugin = await run(UNRULY.closesItsOutput);
    expect(await text(plugin.stdout)).toBe('up\n');
    expect(processFacts(plugin.pid)).toBeDefined();
    await expect(plugin.stop(LONG_MS)).resolves.toMatchObject({ signal: 'SIGTERM' });
  });

  it('ends a process whose output nobody takes, or that does not stop to print', async () => {
    const unread = await run('yes');
    const thrownAway = await run('yes');
    const read = await run(`trap '' TERM; yes`);
    let bytes = 0;
    read.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    thrownAway.stdout.destroy();
    await expect(thrownAway.exited).resolves.toBeDefined();
    await expectEventually(() => bytes > 100 * MIB, 60_000);
    await expect(read.stop(100)).resolves.toMatchObject({ signal: 'SIGKILL' });
    await expect(unread.stop(LONG_MS)).resolves.toMatchObject({ signal: 'SIGTERM' });
    unread.stdout.resume();
    await Promise.all([once(unread.stdout, 'close'), read.stdout.closed || once(read.stdout, 'close')]);
  });

  it('lowers the priority', async () => {
    const plugin = await run(UNRULY.ignoresSigterm, { nice: 5 });
    expect(await nextLine(plugin.stdout)).toBe('up');
    expect(getPriority(plugin.pid)).toBe(Math.min(getPriority() + 5, 19));
    await plugin.stop(0);
  });

  it('has a session of its own, which no terminal of the server reaches', async () => {
    const plugin = await run(UNRULY.ignoresSigterm);
    const [facts, own] = [processFacts(plugin.pid), processFacts(process.pid)];
    expect(facts).toMatchObject({ group: plugin.pid, session: plugin.pid });
    expect(facts?.session).not.toBe(own?.session);
    await plugin.stop(0);
  });

  it('holds no descriptor, listener or zombie after many lives', async () => {
    const before = openDescriptors();
    for (let round = 0; round < 20; round++) {
      const plugin = await run(round % 2 === 0 ? 'echo one' : UNRULY.closesItsOutput);
      const ended = [plugin.stdout, plugin.stderr].map((stream) => once(stream.resume(), 'close'));
      await (round % 2 === 0 ? plugin.exited : plugin.stop(0));
      await Promise.all(ended);
    }
    await expectEventually(() => openDescriptors() <= before && zombies() === 0);
  });
}
