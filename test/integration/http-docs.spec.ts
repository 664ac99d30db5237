import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { startHttpServer } from '../support/http-server.js';

const run = promisify(execFile);
const MIB = 2 ** 20;

it('every command of docs/http-api.md works', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/http-api.md'), 'utf8');
  const blocks = Array.from(text.matchAll(/```sh\n(.*?)```/gs), ([, block = '']) => block);
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-docs-'));
  const trace = { record: false, path: join(folder, 'trace.jsonl'), maxBytes: MIB };
  const server = await startHttpServer({ config: { trace } });
  try {
    const script = ['set -euo pipefail', ...blocks]
      .join('\n')
      .replaceAll('http://127.0.0.1:8080', server.url);
    const { stdout } = await run('bash', ['-c', script], { cwd: folder });
    expect(stdout).toContain('"stored":true');
    expect(stdout).toContain('{"tiers":["memory",null]}');
  } finally {
    await rm(folder, { recursive: true });
    await server.close();
  }
});
