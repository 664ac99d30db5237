import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../../../test/support/eventually.js';
import { testConfig } from '../../../test/support/engine.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { systemClock } from '../../common/clock.js';
import { KvError } from '../../common/errors/kv-error.js';
import { type PluginPolicy } from '../../config/kvnest-config.interface.js';
import { type PluginHappening } from '../plugin-event.interface.js';
import { ReadPacer } from '../output/read-pacer.js';
import { type OutputReaders, type SupervisedCommand } from '../process/supervised-process.interface.js';
import { startAsGroup } from '../process/group.process.js';
import { startSupervised } from '../process/start-supervised.js';
import { type LaunchedProcess, PluginProcess } from './plugin-process.js';

const POLICY: PluginPolicy = {
  ...testConfig().plugins.defaults,
  backoffMs: 1,
  backoffMaxMs: 4,
  stopTimeoutMs: 2000,
};

interface World {
  readonly plugin: PluginProcess;
  readonly events: PluginHappening[];
  readonly logged: string[];
  released: number;
  /** Types of the events so far. */
  readonly types: () => string[];
}

const worlds: World[] = [];

/** A plugin that is this program of bash. */
function running(program: string, policy: Partial<PluginPolicy> = {}, startProcess = startSupervised): World {
  const events: PluginHappening[] = [];
  const logged: string[] = [];
  const launch = async (
    _: unknown,
    readers: OutputReaders,
    signal: AbortSignal,
  ): Promise<LaunchedProcess> => {
    const env = { PATH: process.env['PATH'] ?? '' };
    return {
      process: await startProcess({ command: ['bash', '-c', program], cwd: '/', env, readers, signal }),
      release: () => world.released++,
    };
  };
  const plugin = new PluginProcess({
    script: {
      name: 'p.sh',
      path: '/p.sh',
      role: 'all',
      workerId: undefined,
      command: ['bash', '/p.sh'],
      runsAs: 'worker',
      policy: { ...POLICY, ...policy },
    },
    launch,
    log: (level, text) => logged.push(`${level} ${text}`),
    emit: (event) => events.push(event),
    clock: systemClock,
    random: () => 1,
    pacer: new ReadPacer(),
  });
  const world: World = { plugin, events, logged, released: 0, types: () => events.map(({ type }) => type) };
  worlds.push(world);
  return world;
}

const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.02; done';

describe('PluginProcess', () => {
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map(({ plugin }) => plugin.close()));
  });

  it('runs, logs what it prints, and is stopped', async () => {
    const world = running(`echo hello; echo oops >&2; ${FOREVER}`);
    const { plugin, logged, types } = world;
    expect(plugin.status()).toMatchObject({ name: 'p.sh', role: 'worker', state: 'stopped', restarts: 0 });
    await plugin.start();
    expect(plugin.status()).toMatchObject({ state: 'running', pid: expect.any(Number), restarts: 0 });
    await plugin.start();
    await expectEventually(() => plugin.status().lastLines.length === 2);
    expect(logged).toEqual(expect.arrayContaining(['log hello', 'warn oops']));
    await plugin.stop();
    expect(plugin.status()).toMatchObject({ state: 'stopped', lastExit: { code: 0 }, restarts: 0 });
    expect(plugin.status().pid).toBeUndefined();
    expect(logged).toContainEqual(expect.stringMatching(/^log ended with code 0 after /));
    expect(types()).toEqual(['started', 'ready', 'exited', 'stopped']);
    expect(world.released).toBe(1);
  });

  it('stays down when its work is done', async () => {
    const { plugin, types } = running('echo done');
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'stopped');
    expect(plugin.status()).toMatchObject({ lastExit: { code: 0 }, lastLines: ['done'], restarts: 0 });
    expect(types()).toEqual(['started', 'ready', 'exited', 'stopped']);
  });

  it('is restarted after each failure, up to the limit, and can be started anew by hand', async () => {
    const { plugin, types, logged } = running('exit 3', { maxRestarts: 2 });
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'failed');
    expect(plugin.status()).toMatchObject({ restarts: 2, lastExit: { code: 3 } });
    const run = ['started', 'ready', 'exited'];
    expect(types()).toEqual([...run, 'restarting', ...run, 'restarting', ...run, 'failed']);
    expect(logged).toContainEqual(expect.stringMatching(/^warn ended with code 3 after /));
    expect(logged.at(-1)).toBe('error stays down: 2 restarts within 60 s');
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'failed' && plugin.status().restarts === 5);
    await plugin.stop();
    expect(plugin.status().state).toBe('stopped');
  });

  it('does not wait for its restart when it is started by hand, and stops during the pause', async () => {
    const { plugin, types } = running('exit 1', { backoffMs: 3_600_000, backoffMaxMs: 3_600_000 });
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'backing-off');
    await plugin.start();
    expect(types().filter((type) => type === 'started').length).toBe(2);
    await expectEventually(() => plugin.status().state === 'backing-off');
    await plugin.stop();
    expect(plugin.status()).toMatchObject({ state: 'stopped', restarts: 1 });
  });

  it('is killed when it does not stop', async () => {
    const { plugin } = running('trap "" TERM; echo up; while :; do sleep 0.02; done', { stopTimeoutMs: 50 });
    await plugin.start();
    await expectEventually(() => plugin.status().lastLines.length === 1);
    await plugin.stop();
    expect(plugin.status()).toMatchObject({ state: 'stopped', lastExit: { signal: 'SIGKILL' } });
  });

  it('is read on, slice by slice, when it prints more than anybody can read', async () => {
    const { plugin } = running("exec yes ''", { maxOutputBytesPerSecond: 1024 });
    await plugin.start();
    await expectEventually(() => plugin.status().droppedLines > 3e6, 20_000);
    await plugin.stop();
    expect(plugin.status().lastExit).toMatchObject({ signal: 'SIGTERM' });
  });

  it('has ended when its process has, though another holds its output', async () => {
    // Under the supervisor that would be gone, too.
    const program = "read pid < <(setsid bash -c 'echo $$; exec sleep 1000'); echo $pid";
    const { plugin } = running(program, {}, startAsGroup);
    await plugin.start();
    await expectEventually(() => plugin.status().lastLines.length === 1);
    try {
      await expectEventually(() => plugin.status().state === 'stopped');
    } finally {
      process.kill(Number(plugin.status().lastLines[0]));
    }
  });

  it('starts until it says that it is ready', async () => {
    const { plugin } = running(
      `read -t 0.05 < <(sleep 1); echo kvnest:notify STATUS=warm; echo kvnest:notify READY=1; ${FOREVER}`,
      {
        startTimeoutMs: 20_000,
      },
    );
    await plugin.start();
    expect(plugin.status().state).toBe('starting');
    await expectEventually(() => plugin.status().state === 'running');
    expect(plugin.status()).toMatchObject({ statusText: 'warm', lastLines: [] });
  });

  it('tells of itself what can be shown, and no more of it than that', async () => {
    const { plugin } = running(`printf 'kvnest:notify STATUS=\\033[2J%0300d\\n' 1`);
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'stopped');
    expect(plugin.status().statusText).toBe(`\\x1b[2J${'0'.repeat(193)}`);
  });

  it('has failed when it is not ready in time', async () => {
    const { plugin } = running(FOREVER, { startTimeoutMs: 50, restart: 'never' });
    await plugin.start();
    await expectEventually(() => plugin.status().state === 'failed');
    expect(plugin.status().lastExit).toMatchObject({ reason: 'not ready within 50 ms' });
  });

  it('goes on while its heart beats, and is restarted when that stops', async () => {
    const say = (what: string): string =>
      `for i in 1 2 3 4 5; do sleep 0.25; echo "kvnest:notify ${what}"; done`;
    const beat = `${say('WATCHDOG=1')}; ${say('STATUS=$i')}; echo ten beats`;
    const { plugin, events, logged } = running(`${beat}; ${FOREVER}`, { heartbeatMs: 1000 });
    await plugin.start();
    await expectEventually(() => plugin.status().restarts === 1);
    expect(logged).toContain('log ten beats');
    expect(events.find((event) => event.type === 'exited')).toMatchObject({
      exit: { reason: 'no heartbeat for 1000 ms' },
    });
  });

  it('is not blamed for a heartbeat that came while the server was held up', async () => {
    const beat = 'while :; do echo "kvnest:notify WATCHDOG=1"; sleep 0.02; done';
    const { plugin, types } = running(beat, { heartbeatMs: 500 });
    await plugin.start();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    await delay(50);
    expect(plugin.status()).toMatchObject({ state: 'running', restarts: 0 });
    expect(types()).toEqual(['started', 'ready']);
  });

  it('need not be ready nor beat any more when it is stopped', async () => {
    const end =
      'trap "echo kvnest:notify READY=1; sleep 0.2; exit 0" TERM; echo up; while :; do sleep 0.02; done';
    const { plugin } = running(end, { startTimeoutMs: 60_000, heartbeatMs: 20 });
    await plugin.start();
    await expectEventually(() => plugin.status().lastLines.length === 1);
    await plugin.stop();
    expect(plugin.status().lastExit).toEqual({ code: 0, signal: undefined, at: expect.any(String) });
  });

  it('is stopped also while it is being started, whatever keeps that from its end', async () => {
    // Some stop their supervisor before it has said that they run.
    const all = Array.from({ length: 8 }, () => running('kill -STOP $PPID; sleep 1000').plugin);
    const starts = all.map((plugin) => plugin.start());
    await delay(200);
    await Promise.all(all.map((plugin) => plugin.stop()));
    await Promise.all(starts);
    expect(new Set(all.map((plugin) => plugin.status().state))).toEqual(new Set(['stopped']));
  });

  it('has failed when its start takes longer than it has to be ready', async () => {
    // As a program on a file system that does not answer.
    const startProcess = ({ signal }: SupervisedCommand): Promise<never> =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('it did not start')));
      });
    const { plugin, logged } = running(FOREVER, { startTimeoutMs: 50, restart: 'never' }, startProcess);
    await plugin.start();
    expect(plugin.status()).toMatchObject({ state: 'failed', lastExit: { reason: 'it did not start' } });
    expect(logged).toEqual(['error it did not start.']);
  });

  it('tries again only what may work later', async () => {
    const error = (retryable: boolean): KvError =>
      new KvError('KV_PLUGIN_SPAWN', 'no such thing', { kind: 'config', remedy: 'Install it.', retryable });
    const missing = running(FOREVER, {}, () => Promise.reject(error(false)));
    await missing.plugin.start();
    expect(missing.plugin.status()).toMatchObject({ state: 'failed', lastExit: { reason: 'no such thing' } });
    expect(missing.logged).toEqual(['error no such thing. Install it.']);
    let refusals = 2;
    const crowded = running(FOREVER, {}, (command) =>
      refusals-- > 0 ? Promise.reject(error(true)) : startSupervised(command),
    );
    await crowded.plugin.start();
    await expectEventually(() => crowded.plugin.status().state === 'running');
    expect(crowded.types()).toEqual(['exited', 'restarting', 'exited', 'restarting', 'started', 'ready']);
  });

  it('does what it is told last, whatever it was told before, and answers when that is so', async () => {
    const { plugin, types } = running(FOREVER.replace('exit', 'sleep 0.01; exit'));
    const random = new SeededRandom(5);
    for (let round = 0; round < 40; round++) {
      const answers: Promise<void>[] = [];
      const said: string[] = [];
      for (let calls = 1 + random.below(6); calls > 0; calls--) {
        const command = random.pick(['start', 'stop', 'restart'] as const);
        said.push(command);
        answers.push(plugin[command]());
        if (random.chance(0.5)) await delay(random.below(15));
      }
      await answers.at(-1);
      const isUp = plugin.status().state === 'running' && plugin.status().pid !== undefined;
      expect({ said, isUp }).toEqual({ said, isUp: said.at(-1) !== 'stop' });
      await Promise.all(answers);
      expect({ said, state: plugin.status().state }).toEqual({ said, state: isUp ? 'running' : 'stopped' });
    }
    await plugin.stop();
    const count = (type: string): number => types().filter((one) => one === type).length;
    expect(count('started')).toBe(count('exited'));
  });

  it('is never started again once it is closed', async () => {
    const { plugin } = running(FOREVER);
    await plugin.start();
    const restart = plugin.restart();
    await plugin.close();
    await restart;
    await plugin.start();
    await delay(10);
    expect(plugin.status().state).toBe('stopped');
  });
});
