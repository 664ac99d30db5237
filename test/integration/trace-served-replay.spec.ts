import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/run-cli.js';
import { SeededRandom } from '../support/seeded-random.js';
import { describeWithTraces, TRACES } from '../support/traces.js';

interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

interface ServedJson {
  readonly prefetch: number;
  readonly hit_blocks: number;
  readonly blocks_prefetched: number;
  readonly blocks_wrong: number;
  readonly blocks_refused: number;
  readonly tier_reads: { readonly memory: number; readonly disk: number };
  readonly first_block_ms: Spread;
  readonly late_ms: Spread | null;
}

describe('kvnest trace replay --serve', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-served-replay-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Sessions that go on, one request of each after the other, so that what they had is no longer in a small memory. */
  async function sessions(count: number, turns: number): Promise<string> {
    const random = new SeededRandom(11);
    let next = 0;
    const histories = Array.from({ length: count }, (): number[] => []);
    const lines = Array.from({ length: turns }, () =>
      histories.map((history) => {
        for (let blocks = 2 + random.below(3); blocks > 0; blocks--) history.push(next++);
        return { input_length: 512 * history.length, output_length: 1, hash_ids: [...history] };
      }),
    ).flat();
    const path = join(folder, 'sessions.jsonl');
    const timed = lines.map((line, index) => `${JSON.stringify({ timestamp: 10 * index, ...line })}\n`);
    await writeFile(path, timed.join(''));
    return path;
  }

  /** 64 KiB a block: 4 MiB of memory do not hold what 64 MiB on disk do. */
  async function replay(path: string, ...argv: readonly string[]): Promise<readonly ServedJson[]> {
    const served = ['--serve', '--capacity', '4MiB', '--disk', '64MiB', '--path', folder, '--json'];
    const all = ['trace', 'replay', path, ...served, '--bytes-per-token', '128', ...argv];
    const { code, out, err } = await runCli(all);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const left = (await readdir(folder)).filter((name) => !name.endsWith('.jsonl'));
    expect(left).toEqual([]);
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ServedJson);
  }

  it('has the same with prefetch and without, and reads from memory what was prefetched', async () => {
    const path = await sessions(16, 4);
    const [off, on] = await replay(path, '--prefetch', '0,4', '--speed', 'max', '--in-flight', '2');
    expect(off).toMatchObject({ prefetch: 0, blocks_prefetched: 0, blocks_wrong: 0, blocks_refused: 0 });
    expect(on).toMatchObject({ prefetch: 4, blocks_wrong: 0, blocks_refused: 0, late_ms: null });
    expect(on?.hit_blocks).toBe(off?.hit_blocks);
    expect(off?.tier_reads.disk).toBeGreaterThan(0);
    expect(on?.blocks_prefetched).toBeGreaterThan(0);
    expect(on?.tier_reads.memory).toBeGreaterThan(off?.tier_reads.memory ?? Infinity);
  });

  it('prefetches while requests wait, and where an engine computes for long they do', async () => {
    const path = await sessions(32, 2);
    // Requests come every 5 ms, and each takes its slot for 25 ms or so.
    const argv = ['--speed', '2', '--in-flight', '1', '--prefill', '60000', '--buffered'];
    const [waiting] = await replay(path, '--prefetch', '2', ...argv);
    expect(waiting?.late_ms?.max).toBeGreaterThan(50);
    expect(waiting?.blocks_prefetched).toBeGreaterThan(0);
    expect(waiting).toMatchObject({ first_block_ms: { p50: expect.any(Number), p95: expect.any(Number) } });
  });

  it('prints a row for people', async () => {
    const path = await sessions(2, 2);
    const sizes = ['--capacity', '4MiB', '--disk', '64MiB', '--path', folder, '--bytes-per-token', '16'];
    const argv = ['trace', 'replay', path, '--serve', ...sizes, '--speed', 'max'];
    const { out } = await runCli(argv);
    expect(out).toMatch(/^prefetch .*first block, ms .*\noff .*\n$/);
  });

  it('says what the server said when it does not start', async () => {
    const path = await sessions(1, 1);
    const argv = ['--serve', '--capacity', '4MiB', '--disk', '1', '--path', folder];
    const { code, err } = await runCli(['trace', 'replay', path, ...argv]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--disk') });
    const tooSmall = ['--serve', '--capacity', '4MiB', '--disk', '4KiB', '--path', folder];
    const refused = await runCli(['trace', 'replay', path, ...tooSmall]);
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('did not start') });
    expect(await readdir(folder)).toEqual(['sessions.jsonl']);
  });

  it.each([
    ['no memory', ['--disk', '1GiB'], '--capacity'],
    ['blocks for memory', ['--capacity', '10k', '--disk', '1GiB'], '--capacity'],
    ['no disk', ['--capacity', '1GiB'], '--disk'],
    ['a running server', ['--capacity', '1GiB', '--disk', '1GiB', '--url', 'kvnest://x'], '--url'],
    ['half a request', ['--capacity', '1GiB', '--disk', '1GiB', '--prefetch', '0,0.5'], '--prefetch 0.5'],
    ['no prefill', ['--capacity', '1GiB', '--disk', '1GiB', '--prefill', '0'], '--prefill 0'],
  ])('refuses %s', async (_, argv, words) => {
    const { code, err } = await runCli(['trace', 'replay', 'x', '--serve', ...argv]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(words) });
  });

  describeWithTraces()('with published traces', () => {
    it('serves the beginning of one from two tiers, prefetched or not', async () => {
      const argv = ['--prefetch', '0,8', '--speed', 'max', '--requests', '60'];
      const [off, on] = await replay(TRACES.conversation, ...argv);
      expect(off).toMatchObject({ blocks_wrong: 0, blocks_refused: 0 });
      expect(on).toMatchObject({ blocks_wrong: 0, blocks_refused: 0 });
      expect(on?.hit_blocks).toBeGreaterThan(0);
    });
  });
});
