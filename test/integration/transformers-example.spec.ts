import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { describeWithDevice, missingCommand } from '../support/peer.js';

const DEMO = join(import.meta.dirname, '../../examples/transformers/demo.py');
const TIMEOUT_MS = 120_000;
const TOKEN = 'a/b@c';
const FOUND =
  'import sys, importlib.util as u; sys.exit(None in map(u.find_spec, ["torch", "transformers"]))';
// Gigabytes, which no set-up of tests should bring.
const missing =
  missingCommand('python3', ['-c', FOUND]) && 'there is no PyTorch with transformers here; "pip" installs it';

describeWithDevice(missing)('the example with transformers', () => {
  let folder: string;
  let server: KvnestProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-transformers-'));
    const config = await writeConfig(folder, {
      doors: { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: { port: 0 }, nest: false },
      arena: { capacity: '64MiB' },
      tiers: [{ name: 'memory', type: 'memory', capacity: '48MiB' }],
      auth: { token: TOKEN },
    });
    server = await KvnestProcess.start(config);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function urlWith(token: string): string {
    return server.tcpUrl.replace('://', `://${token}`);
  }

  /** What a process of its own tells of a prompt of 600 tokens and 32 behind them. */
  async function demo(url = urlWith(`${encodeURIComponent(TOKEN)}@`)): Promise<unknown> {
    const { stdout } = await promisify(execFile)(
      'python3',
      [DEMO, '--server', url, '--device', 'cpu', '--prefix-tokens', '600', '--rounds', '1'],
      { env: { ...process.env, HF_HUB_OFFLINE: '1' }, timeout: TIMEOUT_MS },
    );
    return JSON.parse(stdout);
  }

  const same = { kv_same_bits: true, logits_same_bits_as_with_the_computed_kv: true };

  it(
    'goes on from keys and values that it stored, and another process finds them',
    async () => {
      const loaded = { tokens: 632, loaded_tokens: 512, ...same };
      expect(await demo()).toMatchObject({ ...loaded, found_tokens: 0, stored_chunks: 2 });
      expect(await demo()).toMatchObject({ ...loaded, found_tokens: 512, stored_chunks: 0 });
    },
    TIMEOUT_MS,
  );

  it(
    'says what is wrong with its server',
    async () => {
      await expect(demo(urlWith('other@'))).rejects.toThrow('KV_AUTH_WRONG');
      await expect(demo(urlWith(''))).rejects.toThrow('KV_AUTH_REQUIRED');
      await expect(demo('127.0.0.1:7070')).rejects.toThrow('write kvnest://host:port');
    },
    TIMEOUT_MS,
  );
});
