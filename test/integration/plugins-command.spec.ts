import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KvnestRun, runKvnest, writeConfig } from '../support/kvnest-process.js';
import { PluginWorld } from '../support/plugin-world.js';

const TOKEN = 'the token of the server';
const SLEEP = '#!/usr/bin/env bash\nexec sleep 1000\n';

describe('kvnest plugins, of a running server', () => {
  let world: PluginWorld;

  beforeAll(async () => {
    world = await PluginWorld.start({
      scripts: { 'tools/a b.sh': SLEEP, '-c.sh': SLEEP },
      settings: { auth: { token: TOKEN } },
    });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  function kvnest(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<KvnestRun> {
    const server = { KVNEST_HTTP_URL: world.server.httpUrl, KVNEST_AUTH_TOKEN: TOKEN };
    return runKvnest(['plugins', ...args], { env: { ...server, ...env } });
  }

  it.each([
    ['before options', ['stop', 'tools/a b.sh', '--json'], 'tools/a b.sh'],
    ['behind them', ['stop', '--token', TOKEN, '--json', 'tools/a b.sh'], 'tools/a b.sh'],
    ['behind --, with a dash', ['stop', '--json', '--', '-c.sh'], '-c.sh'],
  ])('takes a name %s', async (_, args, name) => {
    await world.fetch(`/v1/plugins/${encodeURIComponent(name)}/start`, { method: 'POST' });
    const { code, out } = await kvnest(args);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ name, state: 'stopped' });
    expect((await world.plugin(name)).state).toBe('stopped');
  });

  it.each([
    ['no name', ['stop'], {}, 2, /plugins stop needs the name of a plugin/],
    ['an empty name', ['restart', ''], {}, 2, /plugins restart needs the name of a plugin/],
    ['two names', ['stop', 'a', 'b'], {}, 2, /Unexpected argument 'b'/],
    ['a name like an option', ['stop', '-c.sh'], {}, 2, /Unknown option '-c'/],
    ['an unknown name', ['status', 'c.sh'], {}, 1, /no plugin "c\.sh"\nthere are -c\.sh, tools\/a b\.sh/],
    ['a wrong token', ['status', '--token', 'no'], {}, 1, /answered 401\nGive its auth\.token by --token/],
    ['no server', ['status'], { KVNEST_HTTP_URL: 'http://127.0.0.1:1' }, 1, /no kvnest answers at/],
  ])('answers %s with its exit code', async (_, args, env, code, message) => {
    const { out, err, ...run } = await kvnest(args, env);
    expect(run.code).toBe(code);
    expect(out).toBe('');
    expect(err).toMatch(message);
  });
});

it('kvnest doctor says when nothing supervises plugins, where there are any', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-doctor-'));
  const config = await writeConfig(folder, { plugin_locations: [folder] });
  const doctor = async (): Promise<string> =>
    (await runKvnest(['doctor', '--config', config], { env: { KVNEST_NATIVE: '0' } })).out;
  expect(await doctor()).not.toContain('supervisor');
  await writeFile(join(folder, 'a.sh'), SLEEP);
  expect(await doctor()).toMatch(
    /^warn {2}plugins: their supervisor cannot be used \(switched off by KVNEST/m,
  );
  await rm(folder, { recursive: true });
});
