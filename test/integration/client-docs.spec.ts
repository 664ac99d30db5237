import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transform } from '@swc/core';
import { MessageServer } from '../support/message-server.js';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

/** What an application that uses the package has in its node_modules. */
const PACKAGES = ['@nestjs', 'rxjs', 'reflect-metadata'];

async function compile(source: string): Promise<string> {
  const { code } = await transform(source, {
    filename: 'example.ts',
    configFile: false,
    swcrc: false,
    module: { type: 'es6' },
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  return code;
}

describe('kvnest/client, as a package', () => {
  let server: MessageServer;
  let folder: string;

  beforeAll(async () => {
    server = await MessageServer.start({ config: { chunkTokens: 256 } });
    folder = await mkdtemp(join(tmpdir(), 'kvnest-docs-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules/kvnest'));
    for (const name of PACKAGES)
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  });

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  async function execute(source: string): Promise<string> {
    const file = join(folder, 'example.mjs');
    const there = source.replaceAll('127.0.0.1:7070', server.address('tcp'));
    await writeFile(file, await compile(there));
    const { stdout } = await run(process.execPath, [file], { timeout: 30_000 });
    return stdout;
  }

  it('every example of docs/client.md runs, and ends by itself', async () => {
    const text = await readFile(join(ROOT, 'docs/client.md'), 'utf8');
    const blocks = Array.from(text.matchAll(/```ts\n(.*?)```/gs), ([, block = '']) => block);
    const outputs: string[] = [];
    for (const block of blocks) outputs.push(await execute(block));
    expect(outputs).toEqual([
      'hello\n',
      expect.stringMatching(
        /^1000004 true\n\[ true, false \]\n1 \d+\n1 \d+\nundefined undefined\n\[ true, true, false \]\n$/,
      ),
      '0 0 100000\n1 256 100000\n512 2\n',
      expect.stringMatching(/^undefined\n127\.0\.0\.1:1 cannot be reached: .* true\n$/),
      'Error: the user left\n',
      expect.stringMatching(/type: 'stored'.*tiers: \[ 'memory' \].*\n\d+\n$/s),
      "{ tiers: [ 'memory' ] }\n",
    ]);
  });

  it('loads no Nest, and nothing of the server', async () => {
    const output = await execute(`
      import { registerHooks } from 'node:module';
      const loaded: string[] = [];
      registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
      const { connect } = await import('kvnest/client');
      await using cache = await connect('kvnest://127.0.0.1:7070');
      await cache.exists(['key']);
      console.log(JSON.stringify(loaded));
    `);
    const loaded = (JSON.parse(output) as string[]).filter((url) => url.startsWith('file:'));
    const strangers = loaded.filter(
      (url) => !/\/dist\/(client|common|protocols)\/|\/node_modules\/(rxjs|tslib)\//.test(url),
    );
    expect(loaded.length).toBeGreaterThan(20);
    expect(strangers).toEqual([]);
  });

  it('is what require() gives in CommonJS', async () => {
    const file = join(folder, 'required.cjs');
    await writeFile(
      file,
      `const { connect } = require('kvnest/client');
      connect('kvnest://${server.address('tcp')}').then(async (cache) => {
        console.log(await cache.exists(['key that is not there']));
        await cache.close();
      });`,
    );
    const { stdout } = await run(process.execPath, [file], { timeout: 30_000 });
    expect(stdout).toBe('[ false ]\n');
  });

  it('a client that is closed leaves nothing that keeps the process, in an outage, too', async () => {
    const output = await execute(`
      import { connect } from 'kvnest/client';
      const cache = await connect('kvnest://127.0.0.1:7070,127.0.0.1:1?model=m');
      cache.events().subscribe({ error: ({ code }) => console.log(code) });
      await cache.get('key');
      const chunks = cache.retrieve([1])[Symbol.asyncIterator]();
      await chunks.next();
      await cache.close();
      console.log(process.getActiveResourcesInfo().filter((name) => name !== 'TTYWrap' && name !== 'PipeWrap').join());
    `);
    expect(output).toBe('KV_CLIENT_CLOSED\n\n');
  });
});
