import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext } from '@nestjs/common';
import { connect } from '../../src/client/index.js';
import { type TcpDoorLimits } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { CACHE_ENGINE, type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { runCli } from '../support/run-cli.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 2 ** 20;
const TCP: TcpDoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: MIB,
  maxConnections: 100,
  bodyTimeoutMs: 1_000,
  heartbeatMs: 15_000,
  maxInFlight: 16,
  tls: undefined,
};

let folder: string;
let server: INestApplicationContext;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-server-replay-'));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  server = await startServer(
    testConfig({
      chunkTokens: 16,
      savePartialChunks: true,
      auth: { token: 'secret' },
      doors: { ...NO_DOORS, tcp: TCP },
      tiers: [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }],
      trace: { record: false, path: join(folder, 'recorded.jsonl'), maxBytes: 4 * MIB },
    }),
  );
  const doors = server.get<DoorRegistry>(DOOR_REGISTRY).status();
  url = `kvnest://${doors.find(({ name }) => name === 'tcp')?.address ?? ''}`;
});
afterEach(() => server.close());

async function write(name: string, lines: readonly object[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

async function replay(path: string, ...argv: readonly string[]): Promise<Record<string, unknown>> {
  const options = ['--url', url, '--token', 'secret', '--in-flight', '1', '--json'];
  const { code, out, err } = await runCli(['trace', 'replay', path, ...options, ...argv]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Record<string, unknown>;
}

async function simulate(path: string): Promise<Record<string, unknown>> {
  const options = ['--policy', 'lru', '--capacity', '1m', '--json'];
  const { out } = await runCli(['trace', 'replay', path, ...options]);
  return JSON.parse(out) as Record<string, unknown>;
}

/** Prompts of a growing tree, 100 ms apart. */
function prompts(count: number): readonly object[] {
  const random = new SeededRandom(5);
  const known: number[][] = [[]];
  let next = 0;
  return Array.from({ length: count }, (_, request) => {
    const prefix = random.pick(known);
    const ids = [...prefix, ...Array.from({ length: 1 + random.below(4) }, () => next++)];
    known.push(ids);
    return {
      timestamp: 100 * request,
      input_length: 512 * ids.length - random.below(100),
      output_length: 1,
      hash_ids: ids,
    };
  });
}

describe('kvnest trace replay --url', () => {
  it('has at a server with room for everything what the simulator has, whole and in order', async () => {
    const path = await write('prompts.jsonl', prompts(40));
    const expected = await simulate(path);
    const result = await replay(path, '--speed', 'max', '--bytes-per-token', '4');
    expect(result).toMatchObject({
      requests: 40,
      blocks: expected['blocks'],
      hit_blocks: expected['hit_blocks'],
      hit_rate_blocks: expected['hit_rate_blocks'],
      hit_rate_tokens: expected['hit_rate_tokens'],
      blocks_refused: 0,
      blocks_wrong: 0,
      late_ms: null,
    });
    expect(result['hit_blocks']).toBeGreaterThan(20);
    expect(result['first_block_ms']).toMatchObject({ p50: expect.any(Number), max: expect.any(Number) });
    const again = await replay(path, '--speed', 'max', '--bytes-per-token', '4', '--in-flight', '8');
    expect(again).toMatchObject({ hit_rate_blocks: 1, blocks_wrong: 0, bytes_stored: 0 });
  });

  it.each(['prompts', 'keys'])('prefetches %s, and has the same', async (kind) => {
    const lines =
      kind === 'prompts'
        ? prompts(20)
        : [
            { kvnest_trace: 1, chunk_tokens: 256 },
            ...prompts(20).map((_, t) => ({ t, op: 'put', key: `${t}`, bytes: 10 })),
            ...prompts(20).map((_, t) => ({ t: 20 + t, op: 'get', key: `${t}`, bytes: 10 })),
          ];
    const path = await write(`prefetched-${kind}.jsonl`, lines);
    const expected = await simulate(path);
    const result = await replay(path, '--speed', 'max', '--bytes-per-token', '4', '--prefetch', '3');
    expect(result).toMatchObject({
      hit_blocks: expected['hit_blocks'],
      blocks_wrong: 0,
      prefetches_failed: 0,
    });
  });

  it('notices that bytes are not those that it stored', async () => {
    const path = await write('wrong.jsonl', prompts(3));
    await replay(path, '--speed', 'max', '--bytes-per-token', '4');
    expect(await replay(path, '--speed', 'max', '--bytes-per-token', '8')).toMatchObject({
      hit_rate_blocks: 1,
      blocks_wrong: expect.any(Number),
    });
    const { blocks, blocks_wrong } = await replay(path, '--speed', 'max', '--bytes-per-token', '8');
    expect(blocks_wrong).toBe(blocks);
  });

  it('keeps to the times of the trace, as much faster as it is told', async () => {
    const path = await write('paced.jsonl', prompts(5));
    const result = await replay(path, '--speed', '2', '--bytes-per-token', '1', '--requests', '4');
    expect(result).toMatchObject({ requests: 4, late_ms: { max: expect.any(Number) } });
    // The fourth is due after 300 ms, at twice the speed after 150.
    expect(result['seconds']).toBeGreaterThan(0.149);
  });

  it('replays by key what was recorded by key', async () => {
    const path = await write('keys.jsonl', [
      { kvnest_trace: 1, started_at: '', chunk_tokens: 256 },
      { t: 0, op: 'get', key: 'a' },
      { t: 1, op: 'put', key: 'a', bytes: 5_000 },
      { t: 2, op: 'put', key: 'b', bytes: 3 },
      { t: 3, op: 'lookup', keys: ['a', 'b', 'never', 'c'] },
      { t: 4, op: 'put', key: 'c', bytes: 70_000 },
      { t: 5, op: 'get', key: 'c', bytes: 70_000 },
    ]);
    const result = await replay(path, '--speed', 'max');
    expect(result).toMatchObject({
      requests: 3,
      blocks: 6,
      hit_blocks: 3,
      blocks_wrong: 0,
      bytes_read: 75_008,
    });
    expect(result['hit_blocks']).toBe((await simulate(path))['hit_blocks']);
    await using client = await connect(url, { token: 'secret' });
    expect(await client.exists([0, 1, 2, 3].map((block) => `kvnest-trace:${block}`))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('asks by key for what came without a prefix, and sees others under its keys', async () => {
    const path = await write('gets.jsonl', [
      { kvnest_trace: 1, chunk_tokens: 256 },
      { t: 0, op: 'get', key: 'a', bytes: 100 },
      { t: 1, op: 'get', key: 'b', bytes: 100 },
    ]);
    await using client = await connect(url, { token: 'secret' });
    await client.put('kvnest-trace:1', Buffer.alloc(100));
    expect(await replay(path, '--speed', 'max')).toMatchObject({ hit_blocks: 1, blocks_wrong: 1 });
    const first = await client.get('kvnest-trace:0');
    await client.put('kvnest-trace:1', first ?? Buffer.alloc(0));
    expect(await replay(path, '--speed', 'max')).toMatchObject({ hit_blocks: 2, blocks_wrong: 1 });
  });

  it('ends with the reason where nobody answers, or the token is wrong', async () => {
    const path = await write('one.jsonl', prompts(1));
    const wrong = await runCli(['trace', 'replay', path, '--url', url, '--token', 'no']);
    expect(wrong).toMatchObject({ code: 1, out: '', err: expect.stringContaining('token') });
    const nobody = await runCli(['trace', 'replay', path, '--url', 'kvnest://127.0.0.1:1']);
    expect(nobody).toMatchObject({ code: 1, out: '', err: expect.stringContaining('127.0.0.1:1') });
  });

  it('ends with the reason when the server goes in the middle', async () => {
    const path = await write('long.jsonl', prompts(600));
    const running = runCli([
      'trace',
      'replay',
      path,
      '--url',
      url,
      '--token',
      'secret',
      '--bytes-per-token',
      '4',
    ]);
    const engine = server.get<CacheEngine>(CACHE_ENGINE);
    await expectEventually(() => engine.status().counters.stored > 0);
    await server.close();
    expect(await running).toMatchObject({ code: 1, out: '', err: expect.stringContaining('kvnest: ') });
  });

  it.each([
    ['--policy', ['--policy', 'lru'], '--policy means nothing'],
    ['a capacity', ['--capacity', '5'], '--capacity means nothing'],
    ['no speed', ['--speed', '0'], '--speed 0'],
    ['a speed in words', ['--speed', 'fast'], '--speed fast'],
    ['no requests', ['--requests', '0'], '--requests 0'],
    ['half a request', ['--in-flight', '1.5'], '--in-flight 1.5'],
  ])('refuses %s', async (_, argv, words) => {
    const { code, err } = await runCli(['trace', 'replay', 'x', '--url', url, ...argv]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(words) });
  });
});
