import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, take, toArray } from 'rxjs';
import { type CompressionProgress } from '../../src/modules/compression/compression.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { kvNumbers, worstError } from '../support/kv-numbers.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { MessageServer, refusalOf } from '../support/message-server.js';

const BYTES = 200 * 1024;
const KEYS = ['a', 'b', 'c'];

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(url: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${url}/v1/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

describe('compression over HTTP and in messages', () => {
  let server: MessageServer;
  let url: string;

  beforeEach(async () => {
    server = await MessageServer.start();
    url = `http://${server.address('http')}`;
    for (const [seed, key] of KEYS.entries()) await put(server, ChunkKey.of(key), kvNumbers(BYTES, seed));
  });

  afterEach(() => server.close());

  async function run(path: string, body: object): Promise<Answer['body']> {
    const started = await ask(url, 'POST', path, body);
    expect(started.status).toBe(202);
    const job = `jobs/${String(started.body['id'])}`;
    await expectEventually(async () => (await ask(url, 'GET', job)).body['over'] === true);
    return (await ask(url, 'GET', job)).body;
  }

  it('is a job, whose chunks are read as they were put', async () => {
    const done = await run('compress/keys', { keys: KEYS, tier: 'memory', codec: 'zstd' });
    expect(done).toMatchObject({ kind: 'compress', state: 'done', total: 3, compressed: 3, kept: 0 });
    expect(done['bytesAfter']).toBeLessThan(0.8 * (done['bytesBefore'] as number));
    for (const [seed, key] of KEYS.entries()) {
      const response = await fetch(`${url}/v1/objects/${key}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(kvNumbers(BYTES, seed))).toBe(true);
      expect(response.headers.get('x-kvnest-loss')).toBeNull();
    }
    const again = await run('decompress/keys', { keys: KEYS, tier: 'memory' });
    expect(again).toMatchObject({ kind: 'decompress', state: 'done', decompressed: 3 });
    const status = (await ask(url, 'GET', 'status')).body;
    expect(status).toMatchObject({
      compression: { compressedChunks: 3, decompressedChunks: 3, savedBytes: 0 },
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^kvnest_compressed_total 3$/m);
  });

  it('tells what a value has lost', async () => {
    const lossy = { keys: ['a'], tier: 'memory', codec: 'int8', value_dtype: 'bfloat16' };
    const refused = await ask(url, 'POST', 'compress/keys', lossy);
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'KV_CODEC_LOSS' } } });
    expect(JSON.stringify(refused.body)).toContain('0.008');
    await run('compress/keys', { ...lossy, max_error: 0.008 });
    for (const how of ['encoded', 'restored']) {
      const response = await fetch(`${url}/v1/objects/a`);
      expect(response.headers.get('x-kvnest-loss')).toBe('int8; max_error=0.008');
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(worstError(kvNumbers(BYTES, 0), bytes)).toBeLessThanOrEqual(0.008);
      if (how === 'encoded') await run('decompress/keys', { keys: ['a'], tier: 'memory' });
    }
  });

  it('tells how far it is as server-sent events', async () => {
    const { body } = await ask(url, 'POST', 'compress/keys', { keys: KEYS, tier: 'memory', codec: 'zstd' });
    const events = await (await fetch(`${url}/v1/jobs/${String(body['id'])}/events`)).text();
    const last = events.split('\n').findLast((line) => line.startsWith('data: '))!;
    expect(JSON.parse(last.slice(6))).toMatchObject({ over: true, state: 'done', compressed: 3 });
  });

  it('ends when it is cancelled', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => KEYS[index % 3]!);
    const start = { keys: many, tier: 'memory' };
    const { body } = await ask(url, 'POST', 'compress/keys', { ...start, codec: 'zstd' });
    const ended = await ask(url, 'DELETE', `jobs/${String(body['id'])}`);
    expect(ended.body).toMatchObject({ over: true, state: 'cancelled' });
    for (const [seed, key] of KEYS.entries()) {
      const response = await fetch(`${url}/v1/objects/${key}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(kvNumbers(BYTES, seed))).toBe(true);
    }
  });

  it('is a stream of messages', async () => {
    const client = server.client();
    const request = { keys: KEYS, tier: 'memory', codec: 'zstd' };
    const steps = await lastValueFrom(
      client.send<CompressionProgress>('kv.compress.keys', request).pipe(toArray()),
    );
    expect(steps.at(-1)).toMatchObject({ state: 'done', compressed: 3 });
    expect(steps.length).toBeGreaterThan(3);
    const decompress = { keys: KEYS, tier: 'memory' };
    const first = await lastValueFrom(
      client.send<CompressionProgress>('kv.decompress.keys', decompress).pipe(take(1)),
    );
    expect(first).toMatchObject({ state: 'decompressing', total: 3 });
    const refused = lastValueFrom(client.send('kv.compress.keys', { ...request, codec: 'fp8' }));
    expect(await refusalOf(refused)).toMatchObject({ code: 'KV_CODEC_LOSS' });
  });

  it('takes the tokens of a prompt', async () => {
    const prompt = { model: 'm', tokens: [1, 2, 3, 4] };
    expect(await run('compress/prefix', { ...prompt, tier: 'memory', codec: 'zstd' })).toMatchObject({
      ...{ total: 1, missing: 1 },
    });
    expect(await run('decompress/prefix', { ...prompt, tier: 'memory' })).toMatchObject({
      total: 1,
      missing: 1,
    });
  });

  it.each([
    ['compress/keys', { keys: ['a'], tier: 'memory' }],
    ['compress/keys', { keys: ['a'], codec: 'zstd' }],
    ['compress/keys', { keys: ['a'], tier: 'memory', codec: 'int8', max_error: -1 }],
    ['compress/keys', { keys: ['a'], tier: 'memory', codec: 'int8', max_error: '1' }],
    ['compress/keys', { keys: ['a'], tier: 'memory', codec: 'int8', max_error: 1, value_dtype: 'half' }],
    ['compress/keys', { keys: ['a'], tier: 'nowhere', codec: 'zstd' }],
    ['compress/keys', { keys: ['a'], tier: 'memory', codec: 'gzip' }],
    ['decompress/keys', { keys: ['a'] }],
  ])('refuses bad input: %s %j', async (path, body) => {
    expect((await ask(url, 'POST', path, body)).status).toBe(400);
  });
});

describe('a server that is killed while chunks on its disk are compressed', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-compress-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('has all of them afterwards, as they were put', async () => {
    const count = 60;
    const tiers = [{ name: 'disk', type: 'disk', path: join(folder, 'disk'), capacity: '64MiB' }];
    const config = await writeConfig(folder, { tiers });
    const keys = Array.from({ length: count }, (_, index) => `chunk${index}`);
    let server = await KvnestProcess.start(config);
    try {
      for (const [seed, key] of keys.entries()) {
        const response = await fetch(`${server.httpUrl}/v1/objects/${key}?ack=all`, {
          method: 'PUT',
          body: new Uint8Array(kvNumbers(BYTES, seed)),
        });
        expect(response.status).toBe(200);
      }
      for (const codec of ['zstd', undefined, 'zstd']) {
        const path = codec === undefined ? 'decompress/keys' : 'compress/keys';
        const body = { keys, tier: 'disk', ...(codec && { codec }) };
        const { body: job } = await ask(server.httpUrl, 'POST', path, body);
        await expectEventually(async () => {
          const { compressed, decompressed } = (await ask(server.httpUrl, 'GET', `jobs/${String(job['id'])}`))
            .body;
          return Number(compressed) + Number(decompressed) > count / 3;
        });
        await server.kill();
        server = await KvnestProcess.start(config);
        for (const [seed, key] of keys.entries()) {
          const bytes = await (await fetch(`${server.httpUrl}/v1/objects/${key}`)).arrayBuffer();
          expect(Buffer.from(bytes).equals(kvNumbers(BYTES, seed))).toBe(true);
        }
      }
      const { body } = await ask(server.httpUrl, 'GET', 'status');
      expect((body['compression'] as { decodedChunks: number }).decodedChunks).toBeGreaterThan(count / 3);
    } finally {
      await server.kill();
    }
  }, 120_000);
});
