import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expectEventually } from '../support/eventually.js';
import { KvnestProcess, runKvnest, writeConfig } from '../support/kvnest-process.js';
import { RespTestClient } from '../support/resp-client.js';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/external-extensions');
const MIB = 2 ** 20;
const KEYS = Array.from({ length: 6 }, (_, index) => `model@1@0@${(index + 1).toString(16)}@bfloat16`);

/** A configuration as LMCache's users write it, with a backend and a connector in JavaScript. */
describe('kvnest serve with a backend and a connector of users', () => {
  let folder: string;
  let config: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-external-'));
    await cp(FIXTURES, folder, { recursive: true });
    config = await writeConfig(folder, {
      max_local_cpu_size: 0.05,
      local_disk: null,
      storage_plugins: 'kept',
      remote_url: 'folder://store',
      extra_config: {
        'storage_plugin.kept.module_path': './kept.mjs',
        'storage_plugin.kept.capacity': '64MiB',
        'storage_plugin.kept.folder': join(folder, 'kept'),
        'external_connector.folder.module_path': './folder.connector.cjs',
        'external_connector.folder.folder': join(folder, 'store'),
        'external_connector.folder.password': 'hush',
      },
    });
  });

  afterAll(() => rm(folder, { recursive: true }));

  const bytesOf = (index: number): Buffer => Buffer.alloc(MIB + index, index + 1);
  const filesIn = async (name: string): Promise<number> =>
    (await readdir(join(folder, name)).catch(() => [])).filter((file) => !file.endsWith('.part')).length;

  async function expectValues(server: KvnestProcess): Promise<void> {
    using client = await RespTestClient.open(server.respPort);
    for (const [index, key] of KEYS.entries()) {
      expect(bytesOf(index).equals((await client.call('GET', key)) as Buffer)).toBe(true);
    }
  }

  it('keeps in both what clients store, and reads each after a restart', async () => {
    await using first = await KvnestProcess.start(config, { cwd: folder });
    using client = await RespTestClient.open(first.respPort);
    for (const [index, key] of KEYS.entries()) {
      expect(await client.call('SET', key, bytesOf(index))).toBe('+OK');
    }
    await expectEventually(async () => (await filesIn('kept')) === KEYS.length);
    await expectEventually(async () => (await filesIn('store')) === KEYS.length);
    expect((await first.status()).tiers.map(({ name }) => name)).toEqual(['memory', 'remote', 'kept']);
    await first.stop();

    // From the connector alone.
    await rename(join(folder, 'kept'), join(folder, 'away'));
    await using second = await KvnestProcess.start(config, { cwd: folder });
    await expectValues(second);
    await second.stop();

    // From the backend alone.
    await rm(join(folder, 'store'), { recursive: true });
    await rm(join(folder, 'kept'), { recursive: true });
    await rename(join(folder, 'away'), join(folder, 'kept'));
    await using third = await KvnestProcess.start(config, { cwd: folder });
    await expectValues(third);
  });

  it('is shown by config, without secrets', async () => {
    const { code, out } = await runKvnest(['config', '--config', config], { cwd: folder });
    expect(code).toBe(0);
    expect(out).toMatch(/externals:\n +- kind: backend\n +name: kept\n +modulePath: \.\/kept\.mjs/);
    expect(out).toContain('extra_config.external_connector.folder.module_path');
    expect(out).not.toContain('hush');
  });

  it('is checked by doctor', async () => {
    const { out } = await runKvnest(['doctor', '--config', config], { cwd: folder });
    expect(out).toMatch(/^ok +backend kept: KeptBackend of \S+kept\.mjs$/m);
    expect(out).toMatch(/^ok +connector folder: FolderConnector of \S+folder\.connector\.cjs$/m);
  });
});
