import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { KvnestProcess, runKvnest, writeConfig } from '../support/kvnest-process.js';
import { RespTestClient } from '../support/resp-client.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures/nest-modules');
const MIB = 2 ** 20;
const TOKEN = 'hush';
const KEY = 'tiny/model@01000100@0@' + '07'.repeat(32) + '@bob';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One server with modules of every form: a file, and a package that has a copy of Nest of its own. */
describe('kvnest serve with Nest modules of users', () => {
  let root: string;
  let config: string;
  let server: KvnestProcess | undefined;

  const folder = (name: string): string => join(root, name);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kvnest-modules-'));
    for (const name of ['cwd', 'bare']) await mkdir(folder(name));
    await cp(FIXTURES, folder('bare'), { recursive: true });
    await packageWithNest();
    config = await writeConfig(folder('cwd'), {
      max_local_cpu_size: 0.01,
      local_disk: null,
      auth: { token: TOKEN },
      modules: [
        { module_path: '../bare/audit.mjs', options: { report: folder('report'), password: 'secret' } },
        { module_path: 'counting', class_name: 'CountingModule', name: 'first', options: { path: 'one' } },
        { module_path: 'counting', class_name: 'CountingModule', name: 'second', options: { path: 'two' } },
        { module_path: 'counting', class_name: 'LaterModule', options: { path: 'later' } },
        { module_path: 'counting', class_name: 'dynamic', options: { n: 1 } },
      ],
    });
    server = await KvnestProcess.start(config, { cwd: folder('cwd') });
  });

  afterAll(async () => {
    await server?.stop();
    await rm(root, { recursive: true });
  });

  async function packageWithNest(): Promise<void> {
    const at = join(folder('cwd'), 'node_modules/counting');
    const modules = join(at, 'node_modules');
    await cp(FIXTURES, at, { recursive: true });
    await writeFile(
      join(at, 'package.json'),
      JSON.stringify({ name: 'counting', exports: './counting.mjs' }),
    );
    const nest = join(ROOT, 'node_modules/@nestjs/common');
    await cp(nest, join(modules, '@nestjs/common'), { recursive: true });
    const { dependencies, peerDependencies } = JSON.parse(
      await readFile(join(nest, 'package.json'), 'utf8'),
    ) as Readonly<Record<'dependencies' | 'peerDependencies', Readonly<Record<string, string>>>>;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(modules, name)).catch(() => undefined);
    }
  }

  async function ask(path: string, init: RequestInit = {}, token = TOKEN): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (token !== '') headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(`${server!.httpUrl}/${path}`, { ...init, headers });
    return { status: response.status, body: await response.json() };
  }

  it('gives a module the engine and all that is public, and its own options', async () => {
    const { body } = await ask('audit');
    expect(body).toMatchObject({
      options: { report: folder('report'), password: 'secret' },
      given: [
        'engine',
        'config',
        'arena',
        'space',
        'clock',
        'policies',
        'options',
        'logger',
        'plugins',
        'overview',
      ],
    });
    expect(server!.output).toMatch(/\[audit\].* module AuditModule of \S+bare\/audit\.mjs/);
  });

  it('tells it what clients do to the cache, each key in its order', async () => {
    using client = await RespTestClient.open(server!.respPort);
    await client.call('AUTH', TOKEN);
    await client.call('GET', KEY);
    await client.call('SET', KEY, Buffer.alloc(MIB, 1));
    await client.call('GET', KEY);
    for (let n = 0; n < 20; n++) await client.call('SET', `other-${n}`, Buffer.alloc(MIB, n));
    await client.call('GET', KEY);
    const { counts, lines, tenant } = (await ask('audit')).body as {
      readonly counts: Readonly<Record<string, number>>;
      readonly lines: readonly string[];
      readonly tenant: string;
    };
    expect(lines.filter((line) => line.includes(KEY))).toEqual([
      `miss ${KEY} miss`,
      `stored ${KEY} memory`,
      `hit ${KEY} memory`,
      `evicted ${KEY} memory`,
      `miss ${KEY} miss`,
    ]);
    const { counters, tiers } = (await ask('v1/status')).body as {
      readonly counters: Readonly<Record<string, number>>;
      readonly tiers: readonly { readonly evictions: number }[];
    };
    expect(counts).toMatchObject({ stored: 22, hit: counters['hits'], miss: counters['misses'] });
    expect(counts['evicted']).toBe(tiers[0]?.evictions);
    expect(tenant).toBe('bob');
  });

  it('serves its controllers at the HTTP door, with the token, JSON and errors of the others', async () => {
    expect(await ask('audit', {}, '')).toMatchObject({
      status: 401,
      body: { error: { code: 'KV_AUTH_REQUIRED' } },
    });
    const post = (type: string): Promise<Answer> =>
      ask('audit/echo', { method: 'POST', body: '{"a":[1]}', headers: { 'content-type': type } });
    expect(await post('application/json')).toEqual({ status: 201, body: { a: [1] } });
    expect(await post('text/plain')).toMatchObject({ status: 415 });
    expect(await ask('audit/7')).toEqual({
      status: 404,
      body: { error: { code: 'KV_NOT_FOUND', message: 'no 7 here' } },
    });
    expect(await ask('audit/7', { method: 'DELETE' })).toMatchObject({ status: 405 });
    expect(await ask('audit/odd')).toMatchObject({
      status: 409,
      body: { error: { message: 'that is odd' } },
    });
    expect(await ask('audit/busy')).toMatchObject({
      status: 503,
      body: { error: { code: 'KV_AUDIT_BUSY' } },
    });
    const broken = await ask('audit/broken');
    expect(broken).toMatchObject({ status: 500, body: { error: { code: 'KV_INTERNAL' } } });
    expect(JSON.stringify(broken.body)).not.toContain('secret');
    const { body } = await ask('docs-json');
    expect(body).toMatchObject({ paths: { '/audit': {}, '/audit/{id}': {}, '/counting/two': {} } });
  });

  it('makes modules from their options, each use of a class one of its own, with a Nest of its own', async () => {
    for (const path of ['one', 'two']) {
      expect(await ask(`counting/${path}`)).toEqual({
        status: 200,
        body: { chunkTokens: 256, given: { path, changed: true }, own: { path } },
      });
    }
    expect(await ask('counting/later')).toMatchObject({ body: { given: { path: 'later' } } });
    expect(await ask('counting/dynamic')).toMatchObject({
      body: { given: { path: 'dynamic' }, own: { n: 1 } },
    });
    expect(await ask('counting/one/fail')).toMatchObject({
      status: 418,
      body: { error: { message: 'a teapot' } },
    });
  });

  it('is told by config, without secrets, and by doctor', async () => {
    const { out } = await runKvnest(['config', '--config', config], { cwd: folder('cwd') });
    expect(out).toMatch(/- kind: module\n +name: audit\n +modulePath: \.\.\/bare\/audit\.mjs/);
    expect(out).not.toContain('password: secret');
    const doctor = await runKvnest(['doctor', '--config', config], { cwd: folder('cwd') });
    expect(doctor.out).toMatch(/^ok +module audit: AuditModule of \S+audit\.mjs$/m);
    expect(doctor.out).toMatch(/^ok +module second: CountingModule of \S+counting\.mjs$/m);
  });

  it('calls its hooks while the engine answers, from the start to the end', async () => {
    await server!.stop();
    expect(server!.output).toContain('does not end well');
    const noted = (await readFile(folder('report'), 'utf8')).trim().split('\n');
    expect(noted).toEqual([
      'init',
      'bootstrap true',
      expect.stringMatching(/^destroy/),
      expect.stringMatching(/^before shutdown/),
      'shutdown',
      'plugin events end',
    ]);
  });

  it('does without an HTTP door: hooks and events are there', async () => {
    const file = await writeConfig(folder('bare'), {
      doors: { http: false, resp: { port: 0 }, lm: false, tcp: false, nest: false },
      local_disk: null,
      max_local_cpu_size: 0.01,
      modules: [{ module_path: './audit.mjs', options: { report: folder('bare/report') } }],
    });
    const text = `import { loadConfig, startServer } from '${ROOT}/dist/index.js';
      const { config } = loadConfig({ argv: ['--config', '${file}'], env: {} });
      await (await startServer(config)).close();`;
    await writeFile(folder('bare/run.mjs'), text);
    await promisify(execFile)(process.execPath, ['run.mjs'], { cwd: folder('bare') });
    expect(await readFile(folder('bare/report'), 'utf8')).toMatch(
      /^init\nbootstrap true\ndestroy hello\nbefore shutdown hello\nshutdown\n/,
    );
  });
});
