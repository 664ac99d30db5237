import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/run-cli.js';
import { describeWithTraces, TRACES } from '../support/traces.js';

interface ReplayJson {
  readonly policy: string;
  readonly capacity_blocks: number;
  readonly hit_rate_blocks: number;
  readonly hit_rate_tokens: number;
}

const CAPACITIES = [1_000, 5_859, 10_000, 30_000, 50_000];
/** Hits by blocks at these capacities; LRU's have been published with the traces. */
const FIGURES = {
  conversation: {
    lru: [0.0445, 0.1361, 0.2116, 0.3257, 0.3546],
    belady: [0.191, 0.353, 0.366, 0.366, 0.366],
    endless: { blocks: 0.3664, tokens: 0.3736 },
  },
  synthetic: {
    lru: [0.0841, 0.3094, 0.4239, 0.6242, 0.6396],
    belady: [0.277, 0.55, 0.618, 0.64, 0.64],
    endless: { blocks: 0.6396, tokens: 0.6512 },
  },
} as const;

async function replayed(...argv: readonly string[]): Promise<readonly ReplayJson[]> {
  const { code, out, err } = await runCli(['trace', 'replay', ...argv, '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ReplayJson);
}

describeWithTraces()('kvnest trace replay of published traces', () => {
  it.each(['conversation', 'synthetic'] as const)('has the known figures of %s', async (name) => {
    const { lru, belady, endless } = FIGURES[name];
    const capacities = [...CAPACITIES, 1_000_000].join(',');
    const rows = await replayed(TRACES[name], '--policy', 'lru,belady', '--capacity', capacities);
    for (const [policy, figures] of Object.entries({ lru, belady })) {
      const own = rows.filter((row) => row.policy === policy);
      for (const [index, figure] of figures.entries()) {
        expect(Math.abs((own[index]?.hit_rate_blocks ?? 0) - figure)).toBeLessThan(0.002);
      }
      expect(own.at(-1)?.hit_rate_blocks).toBeCloseTo(endless.blocks, 4);
      expect(own.at(-1)?.hit_rate_tokens).toBeCloseTo(endless.tokens, 4);
    }
  });
});

describe('kvnest trace replay', () => {
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-trace-'));
    path = join(folder, 'tiny.jsonl');
    const requests = [[1], [2], [1], [3], [2]].map((ids, second) => ({
      timestamp: 1_000 * second,
      input_length: 512,
      output_length: 1,
      hash_ids: ids,
    }));
    await writeFile(path, requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('prints a row for each policy and capacity', async () => {
    const { code, out } = await runCli([
      'trace',
      'replay',
      path,
      '--policy',
      'LRU,belady',
      '--capacity',
      '1,2',
    ]);
    expect(code).toBe(0);
    const rows = out.trimEnd().split('\n');
    expect(rows).toHaveLength(5);
    expect(rows[0]).toMatch(
      /^policy +admission +capacity +blocks hit +tokens hit +optimum +read +evictions$/,
    );
    // 1 2 1 3 2: of two blocks LRU has given up 2 for 3 when 2 comes back, and the optimum never takes 3.
    expect(rows[3]).toMatch(/^lru +always +2 +0\.2000 +0\.2000 +0\.4000 +64 MiB +2$/);
    expect(rows[4]).toMatch(/^belady +belady +2 +0\.4000 /);
  });

  it('prints one object where one was asked for', async () => {
    const { out } = await runCli(['trace', 'replay', path, '--policy', 'lru', '--capacity', '2', '--json']);
    expect(JSON.parse(out)).toEqual({
      policy: 'lru',
      admission: 'always',
      capacity_blocks: 2,
      capacity_bytes: null,
      disk_blocks: null,
      disk_bytes: null,
      hit_rate_blocks: 0.2,
      hit_rate_tokens: 0.2,
      optimum_hit_rate_blocks: 0.4,
      optimum_hit_rate_tokens: 0.4,
      requests: 5,
      blocks: 5,
      hit_blocks: 1,
      tokens: 2_560,
      hit_tokens: 512,
      bytes_read: 64 * 2 ** 20,
      evictions: 2,
      tiers: [{ name: 'memory', bytes_read: 64 * 2 ** 20, evictions: 2, refused: 0 }],
    });
  });

  it('takes capacities in bytes, and a second tier', async () => {
    const [row] = await replayed(
      path,
      '--policy',
      'lru',
      '--capacity',
      '1MiB',
      '--disk',
      '2MiB',
      '--bytes-per-token',
      '2KiB',
    );
    expect(row).toMatchObject({
      capacity_blocks: null,
      capacity_bytes: 2 ** 20,
      disk_bytes: 2 ** 21,
      hit_blocks: 1,
      tiers: [
        { name: 'memory', bytes_read: 0, evictions: 4, refused: 0 },
        { name: 'disk', bytes_read: 2 ** 20, evictions: 2, refused: 0 },
      ],
    });
  });

  it('asks admission policies, the optimum none', async () => {
    const [always, secondHit, ...rest] = await replayed(
      path,
      ...['--policy', 'default,belady', '--admission', 'always,second-hit', '--capacity', '2'],
    );
    expect(always).toMatchObject({ policy: 'default', admission: 'always', tiers: [{ refused: 0 }] });
    // 3 is not taken when it comes for the first time, and 2 is still there.
    expect(secondHit).toMatchObject({
      admission: 'second-hit',
      hit_rate_blocks: 0.4,
      tiers: [{ refused: 1 }],
    });
    expect(rest).toMatchObject([{ policy: 'belady' }]);
  });

  it.each([
    ['a missing file', ['/nowhere/x.jsonl', '--policy', 'lru', '--capacity', '1'], '/nowhere/x.jsonl'],
    ['a folder', [tmpdir(), '--policy', 'lru', '--capacity', '1'], 'cannot be read'],
    ['no file', ['--policy', 'lru', '--capacity', '1'], 'needs a file'],
    ['no policy', ['x', '--capacity', '1'], 'needs a policy'],
    [
      'an admission that nobody knows',
      ['x', '--policy', 'lru', '--capacity', '1', '--admission', 'x'],
      'second-hit',
    ],
    ['no capacity', ['x', '--policy', 'lru'], 'needs a capacity'],
    ['a policy that nobody knows', ['x', '--policy', 'beladi', '--capacity', '1'], 'belady'],
    ['a capacity of 0', ['x', '--policy', 'lru', '--capacity', '0'], '--capacity 0 holds nothing'],
    ['a capacity that is none', ['x', '--policy', 'lru', '--capacity=-5'], '--capacity -5'],
    ['a disk of 0', ['x', '--policy', 'lru', '--capacity', '1', '--disk', '0'], '--disk 0 holds nothing'],
    [
      'tokens of no size',
      ['x', '--policy', 'lru', '--capacity', '1', '--bytes-per-token', '0'],
      '--bytes-per-token 0',
    ],
  ])('answers %s with 2 and says what is wrong', async (_, argv, words) => {
    const { code, out, err } = await runCli(['trace', 'replay', ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(words);
    expect(err).not.toContain('    at ');
  });

  it.each([
    [['trace'], 'replay, record'],
    [['trace', 'repaly'], 'replay'],
    [['trace', 'replay', 'a', 'b', '--policy', 'lru', '--capacity', '1'], "'b'"],
    [['trace', 'replay', 'a', '--polcy', 'lru'], '--polcy'],
  ])('answers %p with 2', async (argv, words) => {
    expect(await runCli(argv)).toEqual({ code: 2, out: '', err: expect.stringContaining(words) });
  });

  it('helps', async () => {
    const { code, out } = await runCli(['trace', 'replay', '--help']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('--admission') });
  });

  it.each([
    ['nothing', '', 1, 'there is no line in it'],
    ['no JSON', '{"timestamp": 0, "input_length": 1, "hash_ids": [1]}\n{"timest', 2, 'no object of JSON'],
    ['a list', '[1]', 1, 'no object of JSON'],
    ['no blocks', '\n{"timestamp": 0, "input_length": 1}', 2, '"hash_ids"'],
    ['a block without a number', '{"timestamp": 0, "input_length": 1, "hash_ids": [null]}', 1, '"hash_ids"'],
    ['a time that is none', '{"timestamp": "x", "input_length": 1, "hash_ids": [1]}', 1, '"timestamp"'],
    [
      'fewer blocks than tokens',
      '{"timestamp": 0, "input_length": 513, "hash_ids": [1]}',
      1,
      '513 tokens are 2',
    ],
  ])('names the line of a file with %s', async (_, text, line, words) => {
    const bad = join(folder, 'bad.jsonl');
    await writeFile(bad, text);
    const { code, err } = await runCli(['trace', 'replay', bad, '--policy', 'lru', '--capacity', '1']);
    expect(code).toBe(2);
    expect(err).toContain(`${bad}:${line}: `);
    expect(err).toContain(words);
  });
});
