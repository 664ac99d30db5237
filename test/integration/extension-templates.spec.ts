import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { expectEventually } from '../support/eventually.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';

const ROOT = resolve(import.meta.dirname, '../..');
const INSTALL_MS = 300_000;
/** The Node that comes with kvnest, 200 MB, is optional. */
const INSTALL_OPTIONS = [
  '--ignore-scripts',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--omit=optional',
];
const NAMES = ['chunk-shelf', 'web-shelf', 'disk-count'];
const run = promisify(execFile);

/** Of an application that checks what it can. */
const STRICTEST = {
  noEmit: true,
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** CommonJS has no `await` outside of functions. */
function inFunction(block: string): string {
  const lines = block.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const body = lines.filter((line) => !line.startsWith('import '));
  return [...imports, 'export async function example(): Promise<void> {', ...body, '}'].join('\n');
}

interface Counted {
  readonly tiers: Readonly<Record<string, { readonly storedBytes: number }>>;
}

interface Nginx {
  readonly url: string;
  readonly folder: string;
  stop(): Promise<void>;
}

/** What an author does with the templates, in a folder that has nothing to do with this source tree. */
describeWithPeer(missingCommand('nginx', ['-v']))('packages made from the templates', () => {
  let folder: string;
  let nginx: Nginx | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-templates-'));
    await makePackage('backend', 'chunk-shelf');
    const kvnest = join(folder, 'chunk-shelf', (await dependencyOnKvnest('chunk-shelf')) ?? '');
    await copyFile(kvnest, join(folder, basename(kvnest)));
    await makePackage('connector', 'web-shelf', kvnest);
    await makePackage('module', 'disk-count', kvnest);
    await linkTools();
    const { startNginx } = (await import(
      pathToFileURL(join(ROOT, 'examples/external-connector/test/nginx.mjs')).href
    )) as { readonly startNginx: () => Promise<Nginx> };
    nginx = await startNginx();
  }, INSTALL_MS);

  afterAll(async () => {
    await nginx?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(NAMES)(
    '%s compiles, and passes its tests: the contract suite of kvnest/testing, or a real server',
    async (name) => {
      await run(join(ROOT, 'node_modules/.bin/tsc'), { cwd: join(folder, name) });
      const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
      const { stderr } = await run(
        process.execPath,
        [
          '--experimental-vm-modules',
          jest,
          '--rootDir',
          join(folder, name),
          '--testRegex',
          'spec\\.mjs$',
          '--ci',
        ],
        { cwd: join(folder, name), env: { ...process.env, NODE_OPTIONS: '' } },
      );
      expect(stderr).toMatch(/Tests: +\d+ passed, \d+ total/);
    },
    INSTALL_MS,
  );

  it(
    'are installed into an empty project, and are tiers and a module of the server there',
    async () => {
      for (const name of NAMES) await npm(join(folder, name), 'pack', '--pack-destination', folder);
      if (nginx === undefined) throw new Error('nginx did not start');
      const { url, folder: files } = nginx;
      const project = join(folder, 'project');
      await mkdir(project);
      await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }));
      const packages = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
      expect(packages).toHaveLength(1 + NAMES.length);
      for (const name of NAMES)
        expect(await dependencyOnKvnest(name)).toEqual(packages.find((file) => file.startsWith('kvnest-')));
      await npm(project, 'install', ...INSTALL_OPTIONS, ...packages.map((name) => join(folder, name)));
      const config = await writeConfig(project, {
        local_cpu: false,
        local_disk: null,
        external_backends: ['shelf'],
        remote_url: url.replace('http:', 'webdav:'),
        modules: ['disk-count'],
        extra_config: {
          'external_backend.shelf.module_path': 'chunk-shelf',
          'external_backend.shelf.class_name': 'ChunkShelfBackend',
          'external_backend.shelf.capacity': '64MiB',
          'external_connector.webdav.module_path': 'web-shelf',
          'external_connector.webdav.class_name': 'WebShelfConnector',
        },
      });
      const value = Buffer.alloc(3_000_001, 'keys and values');
      const place = { cwd: project, bin: join(project, 'node_modules/kvnest/bin/kvnest.mjs') };
      {
        await using server = await KvnestProcess.start(config, place);
        expect((await server.status()).tiers.map(({ name }) => name)).toEqual(['remote', 'shelf']);
        const client = new Redis(server.respPort);
        expect(await client.set('model@1@0@abcd@half', value)).toBe('OK');
        client.disconnect();
        await expectEventually(async () => {
          const counted = await (await fetch(`${server.httpUrl}/disk-count`)).json();
          return (counted as Counted).tiers['shelf']?.storedBytes === value.length;
        });
      }
      const [file = ''] = await readdir(files);
      await rm(join(files, file));
      await using restarted = await KvnestProcess.start(config, place);
      const client = new Redis(restarted.respPort);
      expect((await client.getBuffer('model@1@0@abcd@half'))?.equals(value)).toBe(true);
      client.disconnect();
    },
    INSTALL_MS,
  );

  it.each([
    ['module', 'nodenext', 'nodenext'],
    ['module', 'esnext', 'bundler'],
    ['commonjs', 'nodenext', 'nodenext'],
  ])(
    'the examples of docs/client.md have types: "type": "%s", module %s, moduleResolution %s',
    async (type, module, moduleResolution) => {
      const project = await mkdtemp(join(folder, 'typed-'));
      await writeFile(join(project, 'package.json'), JSON.stringify({ type }));
      const text = await readFile(join(ROOT, 'docs/client.md'), 'utf8');
      const blocks = Array.from(text.matchAll(/```ts\n(.*?)```/gs), ([, block = '']) => block);
      expect(blocks.length).toBeGreaterThan(5);
      for (const [index, block] of blocks.entries())
        await writeFile(join(project, `example-${index}.ts`), type === 'module' ? block : inFunction(block));
      const compilerOptions = { ...STRICTEST, module, moduleResolution };
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), { cwd: project }).catch(
        (error: unknown) => error as { readonly stdout: string },
      );
      expect(stdout).toBe('');
    },
    INSTALL_MS,
  );

  /** @param kvnest the package that is put in; without it, one is made, which takes longer. */
  async function makePackage(kind: string, name: string, ...kvnest: readonly string[]): Promise<void> {
    await run('npm', ['--prefix', ROOT, 'run', '--silent', `new:${kind}`, name, ...kvnest], { cwd: folder });
  }

  /** The package of kvnest that an author installs, which nobody has to publish. @returns its name, if it is there. */
  async function dependencyOnKvnest(name: string): Promise<string | undefined> {
    const text = await readFile(join(folder, name, 'package.json'), 'utf8');
    const { devDependencies } = JSON.parse(text) as { readonly devDependencies: Record<string, string> };
    const named = devDependencies['kvnest']?.replace('file:', '') ?? '';
    return (await readdir(join(folder, name))).find((file) => file === named);
  }

  /** What `npm install` would bring, from this source tree. */
  async function linkTools(): Promise<void> {
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@types'), { recursive: true });
    await symlink(ROOT, join(modules, 'kvnest'));
    for (const name of ['@jest', '@nestjs', '@types/node', 'classic-level', 'reflect-metadata', 'rxjs'])
      await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
});

function npm(cwd: string, ...args: readonly string[]): Promise<unknown> {
  return run('npm', [...args], { cwd, maxBuffer: 2 ** 26 });
}

describe('npm run new:backend and its siblings', () => {
  const script = join(ROOT, 'scripts/new-extension.mjs');

  it.each([
    [['backend'], 'is no name'],
    [['backend', '../up'], 'is no name'],
    [['door', 'mine'], 'usage'],
    [['connector', 'src'], 'is there already'],
    [['module', 'My_Module'], 'is no name'],
    [['module', 'tidy-watch', 'nowhere.tgz'], 'is not there'],
  ])('refuses %j', async (args, message) => {
    const refused = run(process.execPath, [script, ...args], { cwd: ROOT });
    await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});
