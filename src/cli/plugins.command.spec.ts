import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { main } from '../cli.js';
import { type DiscoveredPlugins } from '../plugins/plugin-script.interface.js';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kvnest-plugins-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function file(name: string, text = '#!/bin/sh\n', mode = 0o644): void {
  writeFileSync(join(root, name), text);
  chmodSync(join(root, name), mode);
}

async function kvnest(
  ...argv: readonly string[]
): Promise<{ code: number | undefined; out: string; err: string }> {
  let out = '';
  let err = '';
  const env = { PATH: process.env['PATH'], KVNEST_PLUGIN_LOCATIONS: root };
  const code = await main(argv, { env, out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

describe('kvnest plugins list', () => {
  it('shows who runs each file and how, and why nobody does', async () => {
    file('all x.sh');
    file('scheduler_x.mjs', '1');
    file('worker_1_x.sh');
    file('worker_2.sh');
    file('README.md', 'hello');
    const { code, out, err } = await kvnest(
      'plugins',
      'list',
      '--set',
      'role=worker',
      '--set',
      'worker_count=2',
    );
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
      'PLUGIN | ROLE | WORKER | RUNS AS | COMMAND, OR WHY NOT',
      `"all x.sh" | all | any | worker | /bin/sh "${root}/all x.sh"`,
      `worker_2.sh | worker | any | worker | /bin/sh ${root}/worker_2.sh`,
      'README.md | - | - | no | has neither #! nor the extension of a script',
      `scheduler_x.mjs | scheduler | any | no | is for the scheduler, and this is the worker (${process.execPath} ${root}/scheduler_x.mjs)`,
      `worker_1_x.sh | worker | 1 | no | is for worker 1, and this is worker 0 (/bin/sh ${root}/worker_1_x.sh)`,
      '',
      'this process: worker, worker 0 of 2; 2 of 5 files run',
      '',
    ]);
    expect(err).toMatch(/^warning: worker_2\.sh runs for every worker: .*\n$/);
  });

  it('is an error when a script that should run cannot', async () => {
    file('a.sh');
    file('broken', '#!/no/such/thing\n', 0o755);
    const { code, out } = await kvnest('plugins', 'list');
    expect(code).toBe(1);
    expect(out).toMatch(
      /broken .* no .* error: asks for \/no\/such\/thing in its first line, which is not there\n/,
    );
    expect(out).toMatch(/this process: scheduler and worker, worker 0 of 1; 1 of 2 files run/);
  });

  it('tells programs the same with --json', async () => {
    file('a.sh');
    file('scheduler_1_x.sh');
    const { code, out } = await kvnest('plugins', 'list', '--json', '--set', 'plugins.nice=3');
    expect(code).toBe(0);
    const { scripts, skipped, warnings } = JSON.parse(out) as DiscoveredPlugins;
    expect(scripts).toEqual([
      {
        name: 'a.sh',
        path: join(root, 'a.sh'),
        role: 'all',
        workerId: null,
        command: ['/bin/sh', join(root, 'a.sh')],
        runsAs: 'scheduler',
        policy: expect.objectContaining({ nice: 3, memoryBytes: null }),
      },
    ]);
    expect(skipped).toMatchObject([{ name: 'scheduler_1_x.sh', level: 'debug', script: { workerId: 1 } }]);
    expect(warnings).toEqual([]);
  });

  it('says that there are none', async () => {
    expect(await kvnest('plugins', 'list', '--set', 'plugin_locations=null')).toEqual({
      code: 0,
      out: 'no plugins: runtime_plugin_locations is not set\n',
      err: '',
    });
  });

  it('answers a location that is not there with 2, and its key', async () => {
    const { code, out, err } = await kvnest('plugins', 'list', '--set', 'plugin_locations=/no/such');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('plugin_locations: /no/such does not exist');
  });

  it('does not let names write to the terminal', async () => {
    file('a\u001b[31m.sh');
    file('\u202egnp.sh');
    const { out } = await kvnest('plugins', 'list');
    expect(out).toContain(String.raw`a\\x1b[31m.sh`);
    for (const character of ['\u001b', '\u202e']) expect(out).not.toContain(character);
  });

  it.each([[[]], [['lsit']]])('answers %j with 2 and its commands', async (argv) => {
    const { code, err } = await kvnest('plugins', ...argv);
    expect(code).toBe(2);
    expect(err).toContain('list');
  });
});

describe('kvnest doctor', () => {
  async function doctor(): Promise<string> {
    const { out } = await kvnest('doctor', '--set', 'arena.native=false', '--set', 'max_local_cpu_size=0.01');
    return out;
  }

  it('looks at plugins', async () => {
    file('a.sh');
    file('broken', '#!/no/such/thing\n', 0o755);
    file('data', 'hello', 0o755);
    file('README.md', 'hello');
    const out = await doctor();
    expect(out).toMatch(/^ok {4}plugins: 1 would run here$/m);
    expect(out).toMatch(/^fail {2}plugin "broken" asks for \/no\/such\/thing/m);
    expect(out).toMatch(/^warn {2}plugin "data" may be executed/m);
    expect(out).not.toContain('README');
  });

  it('fails for a location that is not there', async () => {
    rmSync(root, { recursive: true });
    expect(await doctor()).toMatch(
      /^fail {2}the configuration has 1 error:\n.*plugin_locations: .* does not exist/m,
    );
  });
});
