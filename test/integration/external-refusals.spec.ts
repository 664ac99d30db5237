import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ExternalConfig } from '../../src/config/kvnest-config.interface.js';
import { loadConfig } from '../../src/config/load-config.js';
import { backend, IMPORTED, MADE, type Refused } from '../support/refused-extensions.js';
import { type KvnestRun, runKvnest, writeConfig } from '../support/kvnest-process.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures/external-extensions');

/** Imports every external of a list on its own, and prints what became of each. */
const IMPORTER = `
import { readFileSync } from 'node:fs';
import { loadExternals } from '${ROOT}/dist/external/load-externals.js';
const outcomes = [];
for (const externals of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  try {
    await loadExternals(externals);
    outcomes.push({});
  } catch ({ code, kind, message, remedy }) {
    outcomes.push({ code, kind, text: message + ' ' + remedy });
  }
}
console.log(JSON.stringify(outcomes));
`;

interface Outcome {
  readonly code?: string;
  readonly kind?: string;
  readonly text?: string;
}

describe('the server refuses to start for', () => {
  let root: string;
  let outcomes: readonly Outcome[];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'refusals-'));
    outcomes = await importAll();
  });

  afterAll(() => rm(root, { recursive: true }));

  /** A folder for one case. @returns its configuration file. */
  async function prepare({ files = {}, settings = {} }: Omit<Refused, 'says' | 'code'>): Promise<string> {
    const folder = await mkdtemp(join(root, 'case-'));
    await cp(FIXTURES, folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return writeConfig(folder, { max_local_cpu_size: 0.01, local_disk: null, ...settings });
  }

  async function importAll(): Promise<readonly Outcome[]> {
    const lists: (readonly ExternalConfig[])[] = [];
    for (const refused of Object.values(IMPORTED)) {
      const config = await prepare(refused);
      const argv = ['--config', config];
      lists.push(loadConfig({ argv, env: {}, cwd: dirname(config) }).config.externals);
    }
    await writeFile(join(root, 'lists.json'), JSON.stringify(lists));
    await writeFile(join(root, 'importer.mjs'), IMPORTER);
    const { stdout } = await promisify(execFile)(process.execPath, ['importer.mjs', 'lists.json'], {
      cwd: root,
    });
    return JSON.parse(stdout) as readonly Outcome[];
  }

  it.each(Object.entries(IMPORTED).map(([name, refused], index) => [name, refused, index] as const))(
    '%s',
    (_, { code, says }, index) => {
      expect(outcomes[index]).toMatchObject({ code, kind: 'config' });
      expectSays(outcomes[index]?.text ?? '', says);
    },
  );

  it.each(Object.entries(MADE))('%s', async (_, refused) => {
    const { code, out, err } = await serve(await prepare(refused), '--debug');
    expect({ code, out }).toEqual({ code: 2, out: expect.not.stringContaining('ready') });
    expect(err).toContain(`code: '${refused.code}'`);
    expectSays(err, refused.says);
  });

  it('what cannot be imported, in three lines, although other code holds the process', async () => {
    const config = await prepare({
      files: { 'x.mjs': 'setInterval(() => undefined, 1000); export class X {}' },
      settings: backend('./x.mjs', 'Y'),
    });
    const { code, out, err } = await serve(config);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^kvnest: external_backend\.mine\.module_path: \S+ has no export "Y".*\n[^\n]+\n\(KV_\w+ in [^\n]+\)\n$/,
    );
  });

  function serve(config: string, ...args: readonly string[]): Promise<KvnestRun> {
    return runKvnest(['serve', '--config', config, ...args], { cwd: dirname(config) });
  }

  it('and doctor says so before', async () => {
    const config = await prepare({
      files: { 'good.mjs': 'export class Good {}', 'bad.mjs': "throw new Error('no')" },
      settings: {
        external_connector: { good: { module_path: './good.mjs' }, bad: { module_path: './bad.mjs' } },
      },
    });
    const { code, out } = await runKvnest(['doctor', '--config', config], { cwd: dirname(config) });
    expect(code).toBe(1);
    expect(out).toMatch(/^ok +connector good: Good of \S+good\.mjs$/m);
    expect(out).toMatch(/^fail +external_connector\.bad\.module_path: \S+bad\.mjs cannot be imported: no$/m);
  });
});

function expectSays(text: string, says: Refused['says']): void {
  for (const said of says) {
    if (typeof said === 'string') expect(text).toContain(said);
    else expect(text).toMatch(said);
  }
}
