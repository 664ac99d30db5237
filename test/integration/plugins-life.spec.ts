import { describe, expect, it } from '@jest/globals';
import { runKvnest } from '../support/kvnest-process.js';
import { expectEventually } from '../support/eventually.js';
import { isAlive, PluginWorld } from '../support/plugin-world.js';

const FOREVER = 'trap "exit 0" TERM\nwhile :; do sleep 0.05; done\n';
const BASH = '#!/usr/bin/env bash\n';

describe('plugin scripts of a running server', () => {
  it('crash, come back and give up beside others that go on, as status and metrics show', async () => {
    await using world = await PluginWorld.start({
      scripts: {
        'good.sh': `${BASH}echo fine\n${FOREVER}`,
        'crash.sh': `${BASH}echo about to fail\nexit 7\n`,
        'missing.sh': '#!/nonexistent/interpreter\n',
        broken: '#!/nonexistent/program\n',
        'good.sh.bak': 'exit 1\n',
      },
      settings: { log_level: 'debug', plugins: { backoff_ms: 5, backoff_max_ms: 10, max_restarts: 3 } },
    });
    await world.expectState('crash.sh', { state: 'failed', restarts: 3 });
    await world.expectState('good.sh', { state: 'running' });
    const status = await world.plugin('crash.sh');
    expect(status).toMatchObject({ lastExit: { code: 7 }, lastLines: Array(4).fill('about to fail') });
    expect(status).not.toHaveProperty('pid');
    expect(await world.metric('kvnest_plugin_up{plugin="good.sh"}')).toBe(1);
    expect(await world.metric('kvnest_plugin_up{plugin="crash.sh"}')).toBe(0);
    expect(await world.metric('kvnest_plugin_restarts_total{plugin="crash.sh"}')).toBe(3);
    expect(await world.metric('kvnest_plugin_last_exit_code{plugin="crash.sh"}')).toBe(7);
    const { plugins } = (await (await world.fetch('/v1/status')).json()) as { plugins: unknown };
    expect(plugins).toEqual(
      expect.arrayContaining([
        { name: 'crash.sh', state: 'failed', restarts: 3 },
        { name: 'good.sh', state: 'running', restarts: 0 },
      ]),
    );
    await world.expectLogged(/stays down: 3 restarts within 60 s/);
    await world.expectLogged(/WARN.*\/nonexistent\/interpreter/);
    await world.expectLogged(/ERROR.*broken is not run: asks for \/nonexistent\/program/);
    await world.expectLogged(/DEBUG.*good\.sh\.bak is not run: is a backup/);
    expect(world.server.output).toMatch(/plugin +.*good\.sh/);
  });

  it('are started, stopped and restarted by hand', async () => {
    await using world = await PluginWorld.start({ scripts: { 'tools/a b.sh': BASH + FOREVER } });
    const name = 'tools/a b.sh';
    await world.expectState(name, { state: 'running' });
    const { pid } = await world.plugin(name);
    const command = async (verb: string, of = name): Promise<unknown> => {
      const response = await world.fetch(`/v1/plugins/${encodeURIComponent(of)}/${verb}`, { method: 'POST' });
      return [response.status, await response.json()];
    };
    expect(await command('stop')).toMatchObject([200, { state: 'stopped', lastExit: { code: 0 } }]);
    expect(await isAlive(pid ?? 0)).toBe(false);
    expect(await command('stop')).toMatchObject([200, { state: 'stopped' }]);
    expect(await command('start')).toMatchObject([200, { name, state: 'running', restarts: 1 }]);
    expect(await command('restart')).toMatchObject([200, { state: 'running', restarts: 2 }]);
    expect(await command('start', 'none')).toMatchObject([
      404,
      { error: { code: 'KV_PLUGIN_UNKNOWN', remedy: `there are ${name}` } },
    ]);
    const { plugins } = (await (await world.fetch('/v1/plugins')).json()) as { plugins: unknown[] };
    expect(plugins).toHaveLength(1);
  });

  it('are shown, started and stopped from the command line', async () => {
    await using world = await PluginWorld.start({
      scripts: { 'a.sh': `${BASH}echo hello\n${FOREVER}`, 'b.sh': `${BASH}exit 0\n` },
      settings: { auth: { token: 'hush' } },
    });
    await world.expectState('a.sh', { state: 'running' });
    await world.expectState('b.sh', { state: 'stopped' });
    const kvnest = (...args: string[]): ReturnType<typeof runKvnest> =>
      runKvnest(['plugins', ...args, '--url', world.server.httpUrl], { env: { KVNEST_AUTH_TOKEN: 'hush' } });
    for (const [path, method] of [
      ['/v1/plugins', 'GET'],
      ['/v1/plugins/a.sh/stop', 'POST'],
    ] as const)
      expect((await fetch(world.server.httpUrl + path, { method })).status).toBe(401);
    const all = await kvnest('status');
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toMatch(
      /^PLUGIN +ROLE +STATE .*\na\.sh +\w+ +running +\d+ +[\d:]+ +0 +- +hello\nb\.sh +\w+ +stopped +- +- +0 +0/,
    );
    expect((await kvnest('stop', 'a.sh')).out).toMatch(/a\.sh +\w+ +stopped/);
    expect(JSON.parse((await kvnest('start', 'a.sh', '--json')).out)).toMatchObject({ state: 'running' });
    expect((await kvnest('restart', 'a.sh')).out).toMatch(/a\.sh +\w+ +running +\d+ +[\d:]+ +2/);
    expect(await kvnest('stop', 'c.sh')).toMatchObject({
      code: 1,
      err: expect.stringContaining('there are a.sh, b.sh'),
    });
    expect(await kvnest('stop')).toMatchObject({ code: 2, err: expect.stringContaining('needs the name') });
  });

  it('are restarted when their heartbeat stops, and killed when they do not heed it', async () => {
    await using world = await PluginWorld.start({
      scripts: {
        'hang.sh': `${BASH}trap "" TERM\necho "kvnest:notify READY=1"\nwhile :; do sleep 0.05; done\n`,
      },
      settings: {
        plugins: {
          backoff_ms: 5,
          scripts: { 'hang.sh': { start_timeout_ms: 30_000, heartbeat_ms: 300, stop_timeout_ms: 100 } },
        },
      },
    });
    await world.expectState('hang.sh', { restarts: 1 });
    expect((await world.plugin('hang.sh')).lastExit).toMatchObject({
      signal: 'SIGKILL',
      reason: 'no heartbeat for 300 ms',
    });
    expect(await world.metric('kvnest_plugin_last_exit_code{plugin="hang.sh"}')).toBe(128 + 9);
  });

  it('that ignore SIGTERM, with children of their own, end with the server', async () => {
    await using world = await PluginWorld.start({
      scripts: {
        'deaf.sh': `${BASH}trap "" TERM\n(trap "" TERM; exec sleep 1000) &\necho "child $!"\nwhile :; do sleep 0.05; done\n`,
        'polite.sh': `${BASH}trap 'echo good bye; exit 0' TERM\necho up\nwhile :; do sleep 0.05; done\n`,
      },
      settings: { plugins: { stop_timeout_ms: 400 } },
    });
    for (const name of ['deaf.sh', 'polite.sh'])
      await expectEventually(async () => (await world.plugin(name)).lastLines.length === 1);
    const { pid = 0, lastLines } = await world.plugin('deaf.sh');
    const child = Number(lastLines[0]?.split(' ')[1]);
    expect([await isAlive(pid), await isAlive(child)]).toEqual([true, true]);
    await world.server.stop();
    expect([await isAlive(pid), await isAlive(child)]).toEqual([false, false]);
    expect(world.server.output).toContain('good bye');
    expect(world.server.output).toMatch(/deaf\.sh\].*ended by SIGKILL/);
  });
});
