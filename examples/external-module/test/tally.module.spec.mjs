import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const KVNEST = join(dirname(createRequire(import.meta.url).resolve('kvnest/package.json')), 'bin/kvnest.mjs');
const MODULE = fileURLToPath(new URL('../dist/index.js', import.meta.url));

let folder;
let server;
let output;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-module-'));
});

afterAll(async () => {
  server?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** A server with this module alone. @returns the URL of its HTTP door. */
async function startServer(options) {
  const config = join(folder, 'kvnest.yaml');
  const doors = { http: { port: 0 }, resp: false, lm: false, tcp: false, nest: false };
  const modules = [{ module_path: MODULE, name: 'mine', options }];
  const settings = { max_local_cpu_size: 0.01, local_disk: null, doors, modules };
  await writeFile(config, JSON.stringify(settings));
  output = '';
  server = spawn(process.execPath, [KVNEST, 'serve', '--config', config], { cwd: folder });
  return new Promise((found, missed) => {
    const read = (text) => {
      output += text;
      const [, url] = /http +(http:\S+)/.exec(output) ?? [];
      if (url !== undefined) found(url);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', () => missed(new Error(output)));
  });
}

it('counts what happens in a real server, and answers at its HTTP door', async () => {
  const url = await startServer({ every_ms: 60_000 });
  await fetch(`${url}/v1/objects/a`, { method: 'PUT', body: new Uint8Array(5) });
  for (const key of ['a', 'a', 'b']) await fetch(`${url}/v1/objects/${key}`);
  const report = await (await fetch(`${url}/tally`)).json();
  expect(report).toEqual({
    reads: 3,
    misses: 1,
    tiers: { memory: { hits: 2, storedBytes: 5, evictedBytes: 0 } },
  });
  server.kill('SIGTERM');
  await once(server, 'exit');
  expect(output).toMatch(/\[mine\].*2 of 3 reads were hits/);
}, 60_000);

it('refuses options that are none', async () => {
  await expect(startServer({ every_ms: 'often' })).rejects.toThrow(/every_ms must be a number/);
}, 60_000);
