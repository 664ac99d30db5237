import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineStatus } from '../../src/modules/engine/cache-engine.interface.js';
import { KvnestProcess, runKvnest, writeConfig } from '../support/kvnest-process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-remote-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** No tier on this machine: what is read comes from the stores. */
const REMOTE_ONLY = { local_cpu: false, local_disk: null, max_local_cpu_size: 0.0625 };

async function put(server: KvnestProcess, key: string, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${server.httpUrl}/v1/objects/${key}?ack=all`, {
    method: 'PUT',
    headers,
    body,
  });
  return response.json();
}

async function text(server: KvnestProcess, path: string): Promise<string> {
  const response = await fetch(`${server.httpUrl}${path}`);
  return response.text();
}

describe('kvnest serve with remote tiers', () => {
  it('stores in all of them and reads from the first, and keeps passwords to itself', async () => {
    const urls = ['loopback://user:se@kret@a', 'loopback://:sekret@b?serde=zstd'];
    const config = await writeConfig(folder, { ...REMOTE_ONLY, remote_url: urls });
    await using server = await KvnestProcess.start(config);
    const value = 'numbers '.repeat(10_000);

    expect(await put(server, 'a-key', value)).toMatchObject({ stored: true, tiers: ['remote', 'remote-2'] });
    expect(await text(server, '/v1/objects/a-key')).toBe(value);

    const status = (await server.status()) as unknown as EngineStatus;
    expect(status.tiers).toMatchObject([
      { name: 'remote', type: 'remote', healthy: true, hits: 1, stores: 1, capacityBytes: 0 },
      { name: 'remote-2', type: 'remote', healthy: true, hits: 0, stores: 1 },
    ]);
    const metrics = await text(server, '/metrics');
    expect(metrics).toContain('kvnest_tier_healthy{tier="remote-2",type="remote"} 1');
    expect(metrics).toContain('kvnest_tier_events_total{tier="remote",event="errors"} 0');

    const shown = await runKvnest(['status', '--url', server.httpUrl]);
    expect(shown.out).toMatch(/remote +remote +ok +- +- +1 +- +-/);
    const everything = [metrics, JSON.stringify(status), shown.out, server.output];
    for (const command of ['config', 'doctor']) {
      const { out, err } = await runKvnest([command, '--config', config]);
      everything.push(out, err);
    }
    expect(everything.join('\n')).not.toContain('kret');
    expect(server.output).toContain('loopback://***@a');
  });

  it('refuses what a store cannot do, with the password hidden', async () => {
    const config = await writeConfig(folder, {
      ...REMOTE_ONLY,
      remote_url: 'resp://user:sekret@127.0.0.1:1?serde=zstd',
    });
    const { code, out, err } = await runKvnest(['serve', '--config', config]);
    expect(code).toBe(2);
    expect(out + err).toContain('cannot have serde zstd');
    expect(out + err).not.toContain('sekret');
  });

  it('starts without its store, and says so once', async () => {
    const config = await writeConfig(folder, {
      tiers: [
        { type: 'memory', capacity: '64MiB' },
        { name: 'far', type: 'remote', url: 'resp://user:sekret@127.0.0.1:1', options: { retries: 0 } },
      ],
    });
    await using server = await KvnestProcess.start(config);
    expect(await put(server, 'a-key', 'a value')).toMatchObject({ stored: true, tiers: ['memory'] });
    expect(await text(server, '/v1/objects/a-key')).toBe('a value');
    expect(await text(server, '/v1/objects/another')).not.toBe('a value');
    const status = (await server.status()) as unknown as EngineStatus;
    expect(status.tiers.map(({ healthy }) => healthy)).toEqual([true, false]);
    expect(server.output.match(/out of order/g)).toHaveLength(1);
    expect(server.output).toContain('resp://127.0.0.1:1');
    expect(server.output).not.toContain('sekret');
  });
});
