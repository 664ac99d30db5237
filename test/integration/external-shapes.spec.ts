import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { RespTestClient } from '../support/resp-client.js';
import { expectEventually } from '../support/eventually.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures/external-extensions');
const HOST = pathToFileURL(join(ROOT, 'dist/index.js')).href;
const CAPACITY = 2 ** 20;

interface Report {
  readonly name: string;
  readonly target: string;
  readonly kvnest: string;
}

/**
 * One server with an extension of every form: packages and bare files, ESM, CommonJS and TypeScript, classes and
 * modules. Folders: `cwd`, that of the configuration, and one that has no node_modules anywhere above.
 */
describe('code of users', () => {
  let root: string;
  let server: KvnestProcess | undefined;

  const folder = (name: string): string => join(root, name);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kvnest-external-'));
    for (const name of ['cwd', 'etc', 'bare']) await mkdir(folder(name));
    await cp(FIXTURES, folder('bare'), { recursive: true });
    await packageOf('cwd', 'esm-package', { type: 'module', exports: { import: './plain.mjs' } });
    await packageOf('etc', 'cjs-package', { main: './folder.connector.cjs', version: '2.0.0' });
    await ownCopies();
    await writeFile(folder('report'), '');
    server = await KvnestProcess.start(await writeConfig(folder('etc'), settings()), {
      cwd: folder('cwd'),
      env: { REPORT: folder('report') },
    });
  });

  afterAll(async () => {
    await server?.stop();
    await rm(root, { recursive: true });
  });

  async function packageOf(where: string, name: string, manifest: object): Promise<void> {
    const at = join(folder(where), 'node_modules', name);
    await cp(FIXTURES, at, { recursive: true });
    await writeFile(join(at, 'package.json'), JSON.stringify({ name, ...manifest }));
  }

  /** A project whose kvnest, Nest and reflect-metadata are files of its own. */
  async function ownCopies(): Promise<void> {
    const modules = join(folder('own'), 'node_modules');
    await cp(FIXTURES, folder('own'), { recursive: true });
    await mkdir(join(modules, '@nestjs'), { recursive: true });
    for (const name of ['@nestjs/common', 'reflect-metadata']) {
      await cp(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true });
    }
    for (const name of ['package.json', 'dist']) {
      await cp(join(ROOT, name), join(modules, 'kvnest', name), { recursive: true });
    }
    await symlinkOthers(modules);
  }

  async function symlinkOthers(modules: string): Promise<void> {
    const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const names = [...Object.keys(dependencies), 'iterare', 'tslib', 'uid', '@lukeed'];
    for (const name of names.filter((each) => !/^(@nestjs\/common|reflect-metadata)$/.test(each))) {
      await mkdir(join(modules, name, '..'), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(modules, name)).catch(() => undefined);
    }
  }

  function settings(): Readonly<Record<string, unknown>> {
    const modules = join(folder('bare'), 'modules.mjs');
    const own = (file: string): string => join(folder('own'), file);
    const backends = {
      plain: { module_path: 'esm-package', class_name: 'PlainBackend', level: { is: 3 } },
      injectable: {
        module_path: join(folder('bare'), 'injectable.mjs'),
        class_name: 'InjectableBackend',
        n: 1,
      },
      registering: { module_path: modules, class_name: 'Registering', n: 2 },
      later: { module_path: modules, class_name: 'Later' },
      dynamic: { module_path: modules, class_name: 'dynamic' },
      fixed: { module_path: modules, class_name: 'Fixed' },
      definition: { module_path: pathToFileURL(modules).href, class_name: 'definition' },
      own: { module_path: own('injectable.mjs'), class_name: 'InjectableBackend' },
      own_module: { module_path: own('modules.mjs'), class_name: 'Registering' },
    };
    const connector = (file: string, name: string): object => ({
      module_path: `../bare/${file}`,
      class_name: name,
    });
    return {
      log_level: 'debug',
      max_local_cpu_size: 0.03,
      local_disk: null,
      external_backends: Object.keys(backends),
      external_backend: Object.fromEntries(
        Object.entries(backends).map(([name, given]) => [name, { capacity: CAPACITY, ...given }]),
      ),
      remote_storage_plugins: ['folder_store', 'typed'],
      remote_storage_plugin: {
        folder_store: { module_path: 'cjs-package', folder: folder('store') },
        typed: { module_path: './../bare/typed.connector.ts' },
      },
      external_connector: {
        full: connector('connectors.mjs', 'FullConnector'),
        // A scheme that kvnest has: whoever names code for it means that.
        loopback: connector('connectors.mjs', 'defined'),
      },
      remote_url: [
        'full://somewhere',
        'loopback://somewhere',
        'typed2://by/its/own/scheme',
        'folder_store://by/its/name',
        `external://host:0/${folder('bare')}/connectors.mjs/?connector_name=FullConnector`,
      ],
    };
  }

  async function reports(): Promise<readonly Report[]> {
    const lines = (await readFile(folder('report'), 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Report);
  }

  it('is loaded from packages and files of every form', async () => {
    const { tiers } = await server!.status();
    expect(tiers.map(({ name }) => name)).toEqual([
      'memory',
      'remote',
      'remote-2',
      'remote-3',
      'remote-4',
      'remote-5',
      'plain',
      'injectable',
      'registering',
      'later',
      'dynamic',
      'fixed',
      'definition',
      'own',
      'own_module',
    ]);
  });

  it('is given what it asks for', async () => {
    const given = await reports();
    const common = { dataDir: folder('etc/data'), space: 'function', clock: 'number' };
    for (const report of given) expect(report).toMatchObject(common);
    expect(given).toContainEqual(
      expect.objectContaining({
        name: 'plain',
        type: 'plain',
        capacityBytes: CAPACITY,
        options: { capacity: CAPACITY, level: { is: 3 } },
        kvnest: HOST,
      }),
    );
    for (const [name, target, options] of [
      ['injectable', 'injectable', { n: 1 }],
      ['registering', 'registering', { n: 2 }],
      ['later', 'later', {}],
      ['dynamic', 'dynamic', {}],
      ['fixed', 'fixed', {}],
      ['definition', 'definition', {}],
    ] as const) {
      expect(given).toContainEqual(
        expect.objectContaining({ name, target, options: { capacity: CAPACITY, ...options }, kvnest: HOST }),
      );
    }
  });

  it('may bring its own copies of kvnest and Nest', async () => {
    const own = pathToFileURL(join(folder('own'), 'node_modules/kvnest/dist/index.js')).href;
    const given = (await reports()).filter(({ kvnest }) => kvnest === own);
    expect(given.map(({ name, target }) => `${name} ${target}`).sort()).toEqual([
      'injectable own',
      'registering own_module',
    ]);
  });

  it('with copies of its own stores and reads chunks of the server', async () => {
    const config = await writeConfig(folder('own'), {
      tiers: [{ type: 'own', capacity: CAPACITY }],
      storage_plugin: { own: { module_path: './injectable.mjs', class_name: 'InjectableBackend' } },
    });
    const place = { cwd: folder('own'), env: { REPORT: folder('report-own') } };
    await using alone = await KvnestProcess.start(config, place);
    using client = await RespTestClient.open(alone.respPort);
    expect(await client.call('SET', 'model@1@0@abc@bfloat16', Buffer.alloc(5000, 7))).toBe('+OK');
    expect(await client.call('GET', 'model@1@0@abc@bfloat16')).toEqual(Buffer.alloc(5000, 7));
  });

  it('is named in the log, and has one of its own there', () => {
    expect(server!.output).toMatch(/\[plain\].* backend PlainBackend of .*esm-package\/plain\.mjs/);
    expect(server!.output).toMatch(/\[injectable\].* injectable is made/);
    expect(server!.output).toMatch(/\[folder_store:remote-4\].* connector FolderConnector of /);
    expect(server!.output).toMatch(/\[loopback:remote-2\].* connector defined of /);
    expect(server!.output).toMatch(/\[external:remote-5\].* connector FullConnector of /);
  });

  it('stores what clients put', async () => {
    using client = await RespTestClient.open(server!.respPort);
    expect(await client.call('SET', 'model@1@0@abc@bfloat16', Buffer.alloc(5000, 7))).toBe('+OK');
    await expectEventually(async () => {
      const { tiers } = await server!.status();
      return tiers.every(({ name, chunks }) => chunks === 1 || name.startsWith('remote'));
    });
    const { tiers } = await server!.status();
    expect(tiers.filter(({ chunks }) => chunks === 1)).toHaveLength(10);
  });
});
