import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvnestServer } from '../../examples/llama-cpp/process/kvnest-server.ts';
import { type EngineStatus } from '../../src/modules/engine/cache-engine.interface.js';
import { RespTestClient } from '../support/resp-client.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What the process may take beside its arena: 130 to 137 MB in two dozen runs. */
const RSS_ALLOWANCE_BYTES = 150e6;

interface Status extends EngineStatus {
  readonly rssBytes: number;
}

/** Bytes that only this key can have. */
function valueOf(key: string, length = 512 * KIB): Buffer {
  const seed = createHash('sha256').update(key).digest();
  return Buffer.alloc(length, seed);
}

/** The whole server, as a process, used through its doors. */
describe('kvnest serve', () => {
  let folder: string;
  let server: KvnestServer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-e2e-'));
  });
  afterEach(async () => {
    await server.stop('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const start = async (memoryMiB: number, diskMiB: number): Promise<void> => {
    server = await KvnestServer.start(folder, {
      tiers: [
        { type: 'memory', capacity: `${memoryMiB}MiB` },
        { type: 'disk', capacity: `${diskMiB}MiB` },
      ],
    });
  };

  const status = async (): Promise<Status> => (await server.status()) as Status;
  const respPort = (): number => Number(new URL(server.urls.resp).port);

  async function putOverHttp(
    key: string,
    ack: 'memory' | 'all',
    { length, url = server.urls.http }: { readonly length?: number; readonly url?: string } = {},
  ): Promise<boolean> {
    const response = await fetch(`${url}/v1/objects/${key}?ack=${ack}`, {
      method: 'PUT',
      body: new Uint8Array(valueOf(key, length)),
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(response.status).toBe(200);
    const { stored } = (await response.json()) as { stored: boolean };
    return stored;
  }

  async function getOverHttp(key: string): Promise<Buffer | undefined> {
    const response = await fetch(`${server.urls.http}/v1/objects/${key}`);
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 200 ? body : undefined;
  }

  /** Puts without a pause until `signal` ends the server. @returns the keys that it said it stored. */
  async function putUntilKilled(signal: 'SIGTERM' | 'SIGKILL', ack: 'memory' | 'all'): Promise<string[]> {
    const stored: string[] = [];
    // A test that failed must not go on with the server of the next one.
    const url = server.urls.http;
    let stopped: Promise<void> | undefined;
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; ; i++) {
        const key = `${name}-${i}`;
        const answer = await putOverHttp(key, ack, { url }).catch(() => undefined);
        if (answer === undefined) return;
        if (answer) stored.push(key);
        if (stored.length >= 60) stopped ??= server.stop(signal);
        else if (!answer) throw new Error('a put was refused before the end');
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(writer));
    await stopped;
    return stored;
  }

  it('loses no chunk that it admitted when it is terminated under load', async () => {
    await start(64, 512);
    const stored = await putUntilKilled('SIGTERM', 'memory');
    await start(64, 512);
    for (const key of stored) expect((await getOverHttp(key))?.equals(valueOf(key))).toBe(true);
  });

  it('has every chunk whole or absent after kill -9, and those it acknowledged for all tiers', async () => {
    await start(64, 512);
    const stored = await putUntilKilled('SIGKILL', 'all');
    await start(64, 512);
    for (const key of stored) expect((await getOverHttp(key))?.equals(valueOf(key))).toBe(true);
    const { tiers } = await status();
    expect(tiers[1]?.chunks).toBeGreaterThanOrEqual(stored.length);
    expect(tiers[1]?.corruptions).toBe(0);
  });

  it('takes ten times what fits through both doors without an error, within its budgets', async () => {
    await start(32, 48);
    const clients = await Promise.all([1, 2, 3].map(() => RespTestClient.open(respPort())));
    let largestBytes = 0;
    const withinBudget = async (): Promise<void> => {
      const { tiers, rssBytes } = await status();
      for (const { usedBytes, capacityBytes } of tiers) expect(usedBytes).toBeLessThanOrEqual(capacityBytes);
      expect(rssBytes).toBeLessThanOrEqual(32 * MIB + RSS_ALLOWANCE_BYTES);
      largestBytes = Math.max(largestBytes, await folderBytes(join(folder, 'data', 'disk')));
    };
    const overResp = async (client: RespTestClient, name: number): Promise<void> => {
      for (let i = 0; i < 250; i++) {
        const key = `resp-${name}-${i}`;
        expect(await client.call('SET', key, valueOf(key, (1 + (i % 8)) * 128 * KIB))).toBe('+OK');
        const value = await client.call('GET', `resp-${name}-${i - (i % 5)}`);
        if (value !== null) expect(Buffer.isBuffer(value)).toBe(true);
      }
    };
    const overHttp = async (): Promise<void> => {
      for (let i = 0; i < 150; i++) {
        await putOverHttp(`http-${i}`, 'memory', { length: MIB });
        if (i % 10 === 0) await withinBudget();
      }
    };
    await Promise.all([...clients.map(overResp), overHttp()]);
    await withinBudget();
    expect(largestBytes).toBeLessThanOrEqual(48 * MIB);
    const { counters, tiers } = await status();
    expect(counters.bytesIn).toBeGreaterThan(10 * 32 * MIB);
    expect(tiers[0]?.evictions).toBeGreaterThan(0);
    expect(tiers[1]?.evictions).toBeGreaterThan(0);
    clients.forEach((client) => client[Symbol.dispose]());
  });

  it('means the same chunk by a key at every door', async () => {
    await start(32, 48);
    using client = await RespTestClient.open(respPort());
    const stem = 'org/model@1@0@1ed603bd9c21cf09@bfloat16';
    const bytes = valueOf('pair', 8192);
    const metadata = Buffer.from('00200000010000000300000002000000020000000001000004000000', 'hex');
    await client.call('SET', `${stem}kv_bytes`, bytes);
    await client.call('SET', `${stem}metadata`, metadata);
    const response = await fetch(`${server.urls.http}/v1/objects/${encodeURIComponent(stem)}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    expect(response.headers.get('x-kvnest-metadata')).toBe(metadata.toString('base64'));

    const tokens = Array.from({ length: 256 }, (_, i) => i);
    const lookup = async (): Promise<{ hit_tokens: number; chunks: { key: string }[] }> => {
      const answer = await fetch(`${server.urls.http}/v1/prefix/lookup`, {
        method: 'POST',
        body: JSON.stringify({ model: 'org/model', tokens }),
        headers: { 'content-type': 'application/json' },
      });
      return (await answer.json()) as { hit_tokens: number; chunks: { key: string }[] };
    };
    expect((await lookup()).hit_tokens).toBe(0);
    const key = 'org/model@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4';
    await client.call('SET', key, bytes);
    expect(await lookup()).toMatchObject({ hit_tokens: 256, chunks: [{ key }] });
  });
});

async function folderBytes(path: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(path)) total += (await stat(join(path, name))).blocks * 512;
  return total;
}
