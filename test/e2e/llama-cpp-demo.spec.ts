import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describeWithLlama } from '../support/llama-platform.ts';

const DEMO = fileURLToPath(new URL('../../examples/llama-cpp/demo.ts', import.meta.url));

const describeEngine = describeWithLlama();

describeEngine('demo of llama.cpp', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-demo-test-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function demo(...args: string[]): Promise<{ code: unknown; output: string; errors: string }> {
    const child = spawn(process.execPath, [DEMO, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    const exited = once(child, 'exit');
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await exited;
    return { code: child.exitCode, output, errors };
  }

  it.each([
    { door: 'http', args: [] },
    { door: 'kvnest', args: ['--via', 'tcp'] },
  ])('shows what the cache saves over $door, and leaves nothing behind', async ({ door, args }) => {
    const { code, output } = await demo(...args);

    expect(code).toBe(0);
    expect(output).toContain(`three engine processes, ${door}://127.0.0.1:`);
    expect(output).toMatch(/^1 .* \d+ ms +1,041 +- +8\.0$/m);
    expect(output).toMatch(/^2 .* \d+ ms +1,056 +- +-$/m);
    expect(output).toMatch(/^3 .* \d+ ms +32 +8\.0 +-$/m);
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  it('fails when there is no server at the address it is given', async () => {
    const { code, errors } = await demo('--url', 'redis://127.0.0.1:1');

    expect(code).toBe(1);
    expect(errors).toMatch(/^demo: The cache does not answer/m);
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  it.each([
    [['--via', 'pigeon'], 'There is no door pigeon: use --via http, resp, tcp'],
    [['--via', 'tcp', '--url', 'redis://127.0.0.1:1'], 'With --url its scheme says which door'],
  ])('refuses %j', async (args, message) => {
    const { code, errors } = await demo(...args);

    expect(code).toBe(1);
    expect(errors).toContain(`demo: ${message}`);
  });
});
