import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../config/load-config.js';
import { type DiscoveredPlugins } from '../plugin-script.interface.js';
import { discoverPlugins } from './discover-plugins.js';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kvnest-discovery-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Makes files, each with its text: `#!/bin/sh` where none is given. */
function files(...given: readonly (string | readonly [path: string, text: string, mode?: number])[]): void {
  for (const file of given) {
    const [path, text = '#!/bin/sh\n', mode = 0o644] = typeof file === 'string' ? [file] : file;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }
}

function link(target: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(join(root, target), join(root, path));
}

const NOBODY = 65_534;

/** Root may read everything: does something as somebody who may not. */
async function asNobody<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action();
  chmodSync(root, 0o755);
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}

/** Looks through locations below the root; `settings` is further YAML. */
async function discover(locations: readonly string[] = ['.'], settings = ''): Promise<DiscoveredPlugins> {
  const yaml = `runtime_plugin_locations: ${JSON.stringify(locations.map((path) => join(root, path)))}\n${settings}`;
  const { config } = loadConfig({ argv: ['--config', 'x'], env: {}, readFile: () => yaml });
  return discoverPlugins(config.plugins, process.env);
}

function namesOf({ scripts }: DiscoveredPlugins): readonly string[] {
  return scripts.map(({ name }) => name);
}

function skips({ skipped }: DiscoveredPlugins): Readonly<Record<string, string>> {
  return Object.fromEntries(skipped.map(({ name, level, reason }) => [name, `${level}: ${reason}`]));
}

describe('the files of a location', () => {
  it('are those of a directory and of all below it, in an order that depends on nothing but their names', async () => {
    files('b.sh', 'a/z.sh', 'a/a/q.py', 'B.sh', 'é.sh', 'a.sh', '10.sh', '9.sh', '\uFB00.sh', '\u{1D4B3}.sh');
    const expected = [
      '10.sh',
      '9.sh',
      'B.sh',
      'a/a/q.py',
      'a/z.sh',
      'a.sh',
      'b.sh',
      'é.sh',
      '\u{1D4B3}.sh',
      '\uFB00.sh',
    ];
    expect(namesOf(await discover())).toEqual(expected);
    expect(await discover()).toEqual(await discover());
  });

  it('come in the order of the locations, files among them', async () => {
    files('x/a.sh', 'y/b.sh', 'c.sh');
    const found = await discover(['y', 'c.sh', 'x']);
    expect(namesOf(found)).toEqual(['b.sh', 'c.sh', 'a.sh']);
    expect(found.scripts[1]).toEqual({
      name: 'c.sh',
      path: join(root, 'c.sh'),
      role: 'all',
      workerId: undefined,
      command: ['/bin/sh', join(root, 'c.sh')],
      runsAs: 'scheduler',
      policy: expect.objectContaining({ restart: 'on-failure' }),
    });
  });

  it('are executables of any kind, and text with #! or the extension of a script', async () => {
    files(
      ['sh', '#!/bin/sh\n', 0o755],
      ['no-bit', '#!/bin/sh\n'],
      ['w.pl', '#!/usr/bin/env sh\n'],
      ['n.mjs', '1'],
    );
    execFileSync('cp', [process.execPath, join(root, 'program')]);
    const found = await discover();
    expect(found.scripts.map(({ name, command }) => [name, ...command.slice(0, -1)])).toEqual([
      ['n.mjs', process.execPath],
      ['no-bit', '/bin/sh'],
      ['program'],
      ['sh', '/bin/sh'],
      ['w.pl', expect.stringMatching(/\/sh$/)],
    ]);
  });

  it('are left out, with a reason, where they are no plugins', async () => {
    const hidden = ['.hidden.sh', '.git/hook.sh', '._x.sh'];
    const backups = [
      'a.sh~',
      '#a.sh#',
      'a.sh.bak',
      'a.sh.orig',
      '.a.sh.swp',
      'a.sh.swp',
      'a.sh.swo',
      'a.sh.dpkg-old',
      'a.sh.rpmsave',
      ...['backup', 'old', 'rej', 'save', 'part', 'BAK'].map((extension) => `a.sh.${extension}`),
      'a.tmp',
    ];
    const others = [
      ...['disabled', 'off', 'sample', 'example', 'dist'].map((extension) => `off.sh.${extension}`),
      ...['m.pyc', 'm.pyo', 'm.pyd', 'M.class', 'm.o', 'm.so', 'm.a', 'types.d.ts', 'types.d.mts'],
      '__pycache__/m.py',
      '__init__.py',
      '_m.py',
    ];
    const packages = ['node_modules/p/index.js', 'venv/bin/x.py', 'venv/pyvenv.cfg'];
    files('a.sh', ...hidden, ...backups, ...others, ...packages);
    files(['README.md', 'hello'], ['config.json', '{}'], ['data.txt', 'hello', 0o755], ['nul.py', 'a\0']);
    const found = await discover();
    expect(namesOf(found)).toEqual(['a.sh']);
    const reasons = skips(found);
    expect(reasons).toMatchObject({
      '.hidden.sh': 'debug: is hidden',
      '.git': 'debug: is hidden',
      'a.sh~': 'debug: is a backup or a temporary file',
      'off.sh.disabled': 'debug: is set aside by its extension',
      'types.d.ts': 'debug: is compiled, or a declaration',
      '_m.py': 'debug: begins with _, as modules of other scripts do',
      node_modules: 'debug: holds packages of scripts, not plugins',
      venv: 'debug: is an environment of Python',
      'README.md': 'debug: has neither #! nor the extension of a script',
      'data.txt': expect.stringMatching(/^warn: may be executed/),
      'nul.py': expect.stringMatching(/^warn: is not text/),
    });
    const debug = Object.values(reasons).filter((reason) => reason.startsWith('debug'));
    expect(debug).toHaveLength(Object.keys(reasons).length - 2);
    for (const name of backups.filter((path) => !path.startsWith('.')))
      expect(reasons[name]).toContain('backup');
  });

  it('are taken whatever their names, where they are locations themselves', async () => {
    files('.hidden.sh', '_x.py', ['notes.txt', 'hello']);
    const found = await discover(['.hidden.sh', '_x.py', 'notes.txt']);
    expect(namesOf(found)).toEqual(['.hidden.sh', '_x.py']);
    expect(skips(found)).toEqual({ 'notes.txt': 'warn: has neither #! nor the extension of a script' });
  });

  it('are those that links lead to, also in the way of Kubernetes', async () => {
    files('..2026_01/a.sh', 'elsewhere/b.sh');
    link('..2026_01', '..data');
    link('..data/a.sh', 'a.sh');
    link('elsewhere', 'more');
    expect(namesOf(await discover())).toEqual(['a.sh', 'elsewhere/b.sh']);
  });

  it('are read once, however many ways lead to them', async () => {
    files('x/a.sh', 'x/sub/b.sh');
    link('x', 'y');
    link('.', 'x/loop');
    link('x/a.sh', 'z/a.sh');
    const found = await discover(['x/a.sh', 'y', 'x', '.', 'z', 'x/a.sh']);
    expect(namesOf(found)).toEqual(['a.sh', 'sub/b.sh']);
  });

  it('are several where links have several names: names say who runs a plugin', async () => {
    files('probe.sh');
    link('probe.sh', 'worker_0_probe.sh');
    link('probe.sh', 'scheduler_probe.sh');
    expect((await discover()).scripts.map(({ name, runsAs }) => `${name} ${runsAs}`)).toEqual([
      'probe.sh scheduler',
      'scheduler_probe.sh scheduler',
      'worker_0_probe.sh worker',
    ]);
  });

  it('may be links that lead nowhere, or in a circle, and sockets and pipes, and others go on', async () => {
    files('z.sh');
    link('gone.sh', 'nowhere.sh');
    link('circle.sh', 'circle.sh');
    link('gone', '.hidden');
    execFileSync('mkfifo', [join(root, 'pipe.sh')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket.sh'), resolve));
    const found = await discover();
    server.close();
    expect(namesOf(found)).toEqual(['z.sh']);
    expect(skips(found)).toEqual({
      '.hidden': 'debug: does not exist',
      'circle.sh': 'error: is a link to itself',
      'nowhere.sh': 'error: does not exist',
      'pipe.sh': 'debug: is neither a file nor a directory',
      'socket.sh': 'debug: is neither a file nor a directory',
    });
  });

  it('may have any name, control characters excepted', async () => {
    files('a b.sh', '日本.sh', "it's.sh", 'x\ny.sh', '\u202ex.sh', '-rf.sh', 'a=b.sh', '$(x).sh');
    const found = await discover();
    expect(namesOf(found)).toEqual(['$(x).sh', '-rf.sh', 'a b.sh', 'a=b.sh', "it's.sh", '日本.sh']);
    expect(skips(found)).toEqual({
      'x\\x0ay.sh': 'debug: has control characters in its name',
      '\\u202ex.sh': 'debug: has control characters in its name',
    });
  });

  it('are skipped where bytes of their names are no text, which is said', async () => {
    files('z.sh');
    writeFileSync(Buffer.concat([Buffer.from(join(root, 'x')), Buffer.from([0xff]), Buffer.from('.sh')]), '');
    const found = await discover();
    expect(namesOf(found)).toEqual(['z.sh']);
    expect(skips(found)).toEqual({ 'x\uFFFD.sh': 'error: has a name that is not UTF-8' });
  });

  it('are skipped where they cannot be read, and others go on', async () => {
    files(['secret.sh', '#!/bin/sh\n', 0o000], 'closed/a.sh', 'z.sh');
    chmodSync(join(root, 'closed'), 0o000);
    const found = await asNobody(() => discover());
    chmodSync(join(root, 'closed'), 0o700);
    expect(namesOf(found)).toEqual(['z.sh']);
    expect(skips(found)).toEqual({
      closed: 'error: cannot be read (EACCES)',
      'secret.sh': 'error: cannot be read (EACCES)',
    });
  });
});

describe('names', () => {
  it('are the paths below the locations, with as much before them as makes them unique', async () => {
    files('x/s/a.sh', 'y/s/a.sh', 'z/s/a.sh', 's/a.sh');
    expect(namesOf(await discover(['x', 'y', 'y/../z/s', 'y']))).toEqual(['s/a.sh', 'y/s/a.sh', 'a.sh']);
    const deep = await discover(['x/s', 'y/s', 'z/s/a.sh', 's']);
    expect(namesOf(deep)).toEqual([
      'a.sh',
      's/a.sh',
      'z/s/a.sh',
      `${root.slice(tmpdir().length + 1)}/s/a.sh`,
    ]);
  });
});

describe('a location that is not right', () => {
  it('is a mistake in the configuration, with its key, and all of them are reported', async () => {
    files('a.sh');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const problems = ['gone', 'a.sh/below', 'pipe'].map((path) =>
      expect.objectContaining({
        path: 'runtime_plugin_locations',
        message: expect.stringContaining(join(root, path)),
      }),
    );
    await expect(discover(['gone', 'a.sh', 'a.sh/below', 'pipe'])).rejects.toMatchObject({
      code: 'KV_CONFIG_INVALID',
      kind: 'config',
      details: { problems },
    });
  });

  it('is one whose path would turn the log around', async () => {
    files('x\ny.sh', 'a\u001b[2J/b.sh');
    await expect(discover(['x\ny.sh', 'a\u001b[2J'])).rejects.toThrow(
      /2 errors:\n.*x\\x0ay\.sh has control characters in its path\n.*a\\x1b\[2J has control characters in its path$/,
    );
  });

  it('is one that was named by the old key', async () => {
    const { config } = loadConfig({ argv: ['--set', 'plugin_locations=/no/such,/nor/this'], env: {} });
    await expect(discoverPlugins(config.plugins, {})).rejects.toThrow(
      /2 errors:\n {2}plugin_locations: \/no\/such does not exist\n {2}plugin_locations: \/nor\/this does not exist$/,
    );
  });

  it('is one with more files than plugins anybody has', async () => {
    files('a.sh');
    for (let number = 0; number < 10_000; number++) writeFileSync(join(root, `${number}.txt`), '');
    await expect(discover()).rejects.toThrow(/holds more than 10000 files/);
  });
});

describe('what runs here', () => {
  const all = ['all_x.sh', 'plain.sh', 'scheduler_x.sh', 'worker_0_x.sh', 'worker_1_x.sh', 'worker_x.sh'];

  it.each([
    ['', ['all_x.sh', 'plain.sh', 'scheduler_x.sh', 'worker_0_x.sh', 'worker_x.sh']],
    ['role: scheduler', ['all_x.sh', 'plain.sh', 'scheduler_x.sh']],
    ['role: worker', ['all_x.sh', 'plain.sh', 'worker_0_x.sh', 'worker_x.sh']],
    ['role: worker\nworker_id: 1\nworker_count: 2', ['all_x.sh', 'plain.sh', 'worker_1_x.sh', 'worker_x.sh']],
  ])('with %j is what the names ask for, each once', async (settings, expected) => {
    files(...all);
    const found = await discover(['.'], settings);
    expect(namesOf(found)).toEqual(expected);
    const elsewhere = found.skipped.map(({ name, level, script }) => [name, level, script?.name]);
    expect(elsewhere).toEqual(
      all.filter((name) => !expected.includes(name)).map((name) => [name, 'debug', name]),
    );
    expect(found.warnings).toEqual([]);
  });

  it('goes on when an interpreter is not there, which is an error only where the script would run', async () => {
    files(['a', '#!/no/such/thing\n', 0o755], ['worker_1_b', '#!/no/such/thing\n'], 'c.sh');
    const found = await discover();
    expect(namesOf(found)).toEqual(['c.sh']);
    const reason = 'asks for /no/such/thing in its first line, which is not there';
    expect(skips(found)).toEqual({ a: `error: ${reason}`, worker_1_b: `debug: ${reason}` });
  });

  it('is warned about where somebody may have meant something else', async () => {
    files('worker_1.sh', ['venv.sh', '#!/opt/no/bash\n'], ['worker_1_x.sh', '#!/opt/no/bash\n']);
    const { warnings } = await discover(
      ['.'],
      'plugins: {scripts: {gone.sh: {nice: 1}, venv.sh: {nice: 2}}}',
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^venv\.sh asks for \/opt\/no\/bash .*bash runs it, for its extension$/),
      expect.stringMatching(/^worker_1\.sh runs for every worker: .* as in worker_1_description$/),
      'plugins.scripts: there is no file "gone.sh" at the locations of plugins',
    ]);
  });
});

it('gives each script the policy of its name, of its path, or that of all', async () => {
  files('x/a.sh', 'x/s/b.sh', 'y/s/b.sh', 'x/c.sh', 'x/constructor');
  const settings =
    'plugins: {nice: 1, max_restarts: 2, scripts: {a.sh: {nice: 2}, s/b.sh: {nice: 3}, y/s/b.sh: {nice: 4}}}';
  const { scripts, warnings } = await discover(['x', 'y'], settings);
  expect(scripts.map(({ name, policy }) => [name, policy.nice, policy.maxRestarts])).toEqual([
    ['a.sh', 2, 2],
    ['c.sh', 1, 2],
    ['constructor', 1, 2],
    ['s/b.sh', 3, 2],
    ['y/s/b.sh', 4, 2],
  ]);
  expect(warnings).toEqual([]);
});

it('finds nothing without locations', async () => {
  expect(await discover([])).toEqual({ scripts: [], skipped: [], warnings: [] });
});
