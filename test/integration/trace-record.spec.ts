import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { type INestApplicationContext } from '@nestjs/common';
import { connect } from '../../src/client/index.js';
import { type DoorLimits, type TcpDoorLimits } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { type RecordingStatus } from '../../src/modules/trace/recording/recording-status.interface.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { RespTestClient } from '../support/resp-client.js';
import { runCli } from '../support/run-cli.js';

const MIB = 2 ** 20;
const LIMITS: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: MIB,
  maxConnections: 10,
  bodyTimeoutMs: 1_000,
};
const TCP: TcpDoorLimits = { ...LIMITS, heartbeatMs: 15_000, maxInFlight: 16, tls: undefined };

let folder: string;
let path: string;
let server: INestApplicationContext;

async function start(record: boolean): Promise<void> {
  server = await startServer(
    testConfig({
      doors: { ...NO_DOORS, http: LIMITS, resp: LIMITS, tcp: TCP },
      tiers: [{ name: 'memory', type: 'memory', capacityBytes: 16 * MIB, policy: 'LRU', options: {} }],
      trace: { record, path, maxBytes: 2 * MIB },
    }),
  );
}

function address(door: string): string {
  const doors = server.get<DoorRegistry>(DOOR_REGISTRY).status();
  return doors.find(({ name }) => name === door)?.address ?? '';
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-record-'));
  path = join(folder, 'deep', 'trace.jsonl');
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function lines(file = path): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function record(...argv: readonly string[]): Promise<RecordingStatus> {
  const { code, out, err } = await runCli(['trace', 'record', '--url', address('http'), '--json', ...argv]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as RecordingStatus;
}

/** Two prompts of 3 chunks that share 2, as an engine asks for them; the first comes twice. */
async function traffic(): Promise<void> {
  await using client = await connect(`kvnest://${address('tcp')}`, { model: 'llama' });
  const shared = Array.from({ length: 512 }, (_, token) => token);
  for (const last of [7, 8, 7]) {
    const tokens = [...shared, ...Array.from({ length: 256 }, () => last)];
    const { chunks } = await client.lookup(tokens);
    await lastValueFrom(client.send('kv.prefetch', { model: 'llama', tokens }));
    let got = 0;
    for await (const chunk of client.retrieve(tokens)) got += chunk.bytes.length;
    expect(got).toBe(1_000 * chunks.length);
    const missing = [0, 1, 2]
      .slice(chunks.length)
      .map((index) => ({ index, bytes: Buffer.alloc(1_000, index) }));
    if (missing.length > 0) await client.store(tokens, missing);
  }
}

describe('kvnest trace record', () => {
  it('records what was asked for, and the trace replays as it was', async () => {
    await start(true);
    await traffic();
    await server.close();
    const [header, ...events] = await lines();
    expect(header).toEqual({
      kvnest_trace: 1,
      started_at: expect.stringMatching(/^\d{4}-.*Z$/),
      chunk_tokens: 256,
      server: expect.any(String),
    });
    const lookups = events.filter(({ op }) => op === 'lookup');
    expect(lookups[0]).toEqual({
      t: expect.any(Number),
      op: 'lookup',
      keys: [expect.stringMatching(/^[0-9a-f]{16}$/), expect.any(String), expect.any(String)],
      tokens: 768,
    });
    const puts = events.filter(({ op }) => op === 'put');
    expect(puts.map(({ bytes, depth }) => ({ bytes, depth }))).toEqual(
      [0, 1, 2, 2].map((depth) => ({ bytes: 1_000, depth })),
    );
    const { out } = await runCli(['trace', 'replay', path, '--policy', 'lru', '--capacity', '10', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      requests: 3,
      blocks: 9,
      hit_blocks: 5,
      tokens: 2_304,
      hit_tokens: 5 * 256,
      bytes_read: 5_000,
      evictions: 0,
    });
    // Room for what both prompts begin with: 2 chunks of the second request and of the third.
    const small = await runCli(['trace', 'replay', path, '--policy', 'belady', '--capacity', '2', '--json']);
    expect(JSON.parse(small.out)).toMatchObject({ hit_blocks: 4 });
  });

  it('replays against another server as it was', async () => {
    await start(true);
    await traffic();
    await server.close();
    await rename(path, `${path}.kept`);
    await start(false);
    const options = ['--url', `kvnest://${address('tcp')}`, '--speed', 'max', '--in-flight', '1', '--json'];
    const { out } = await runCli(['trace', 'replay', `${path}.kept`, ...options]);
    expect(JSON.parse(out)).toMatchObject({
      requests: 3,
      blocks: 9,
      hit_blocks: 5,
      bytes_read: 5_000,
      bytes_stored: 4_000,
      blocks_wrong: 0,
    });
  });

  it('starts and stops in a running server, a file each', async () => {
    await start(false);
    expect(await record('--status')).toEqual({ recording: false, path, events: 0, bytes: 0, lostEvents: 0 });
    await traffic();
    expect(await record('--start')).toMatchObject({ recording: true, events: 0 });
    await traffic();
    const first = await record('--stop');
    expect(first).toMatchObject({ recording: false, lostEvents: 0 });
    expect(first.events).toBe((await lines()).length - 1);
    await traffic();
    expect(await record('--status')).toEqual(first);
    expect(await record('--seconds', '0.01')).toMatchObject({ recording: false, events: 0 });
    expect(await lines()).toHaveLength(1);
    expect(await lines(`${path}.1`)).toHaveLength(first.events + 1);
  });

  it('records what comes by key over RESP, where no lookup comes before', async () => {
    await start(true);
    using client = await RespTestClient.open(Number(address('resp').split(':')[1]));
    await client.call('GET', 'none');
    await client.call('SET', 'a', 'x'.repeat(100));
    await client.call('GET', 'a');
    await client.call('EXISTS', 'a', 'b');
    await client.call('QUIT');
    await server.close();
    const events = (await lines()).slice(1);
    const [none, a, , pair] = events.map(({ key, keys }) => key ?? keys);
    expect(none).not.toBe(a);
    const t = expect.any(Number);
    expect(events).toEqual([
      { t, op: 'get', key: none },
      { t, op: 'put', key: a, bytes: 100 },
      { t, op: 'get', key: a, bytes: 100 },
      { t, op: 'lookup', keys: [a, (pair as string[])[1]] },
    ]);
    const { out } = await runCli(['trace', 'replay', path, '--policy', 'lru', '--capacity', '10', '--json']);
    expect(JSON.parse(out)).toMatchObject({ requests: 3, blocks: 4, hit_blocks: 2, bytes_read: 200 });
  });

  it('says why it cannot be written', async () => {
    path = '/proc/nowhere/trace.jsonl';
    await start(false);
    const { code, err } = await runCli(['trace', 'record', '--start', '--url', address('http')]);
    expect(code).toBe(1);
    expect(err).toContain('/proc/nowhere/trace.jsonl cannot be written');
    expect(err).toContain('trace.path');
  });

  it('does not start where it is to record and cannot', async () => {
    const there = path;
    path = '/proc/nowhere/trace.jsonl';
    await expect(start(true)).rejects.toMatchObject({ code: 'KV_TRACE_UNWRITABLE', kind: 'config' });
    path = there;
    await start(false);
  });

  it('asks for a time that is one', async () => {
    await start(false);
    const { code, err } = await runCli(['trace', 'record', '--seconds', '-1x']);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('--seconds') });
  });
});
