import { describe, expect, it } from '@jest/globals';
import { parseRequests, randomPieces } from '../../../test/support/resp-pieces.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { RespRequestParser } from './resp-request-parser.js';

const SOAK = process.env['KVNEST_SOAK'] === '1';
const FRAMES = SOAK ? 1_000_000 : 100_000;
const TIMEOUT_MS = SOAK ? 1_800_000 : 60_000;
const FRAMES_PER_STREAM = 10;
/** Random text to cut arguments from: much faster than random bytes for each. */
const POOL = new SeededRandom(0).bytes(8192).toString('latin1');

function frame(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

function randomArguments(random: SeededRandom): string[] {
  const name = random.pick(['GET', 'SET', 'set', 'EXISTS', 'SETX', '']);
  const args = [name];
  for (let i = random.below(4); i > 0; i--) {
    const length = random.chance(0.05) ? 1000 + random.below(100) : random.below(12);
    const from = random.below(POOL.length - length);
    args.push(POOL.slice(from, from + length));
  }
  return args;
}

function randomFrame(random: SeededRandom): string {
  if (random.chance(0.05)) return random.pick(['*0\r\n', '*-1\r\n', '\r\n', 'PING\r\n', 'get "a b"\n']);
  return frame(randomArguments(random));
}

function damage(text: string, random: SeededRandom): string {
  const at = random.below(text.length + 1);
  const junk = random.pick(['\r', '\n', '$', '*', '-', '9', '"', random.bytes(1).toString('latin1')]);
  return text.slice(0, at) + junk + text.slice(at + random.below(3));
}

describe('RespRequestParser, whatever comes', () => {
  it('parses a pipeline the same however it is cut in two', () => {
    const value = 'v'.repeat(1030);
    const text = `${frame(['GET', 'k'])}PING "a"\r\n${frame(['SET', 'key', value, 'EX', '10'])}*0\r\n${frame(['', ''])}*1\r\nx`;
    const bytes = Buffer.from(text, 'latin1');
    const whole = parseRequests([bytes]);
    expect(whole.commands.map(({ args }) => args)).toEqual([
      ['GET', 'k'],
      ['PING', 'a'],
      ['SET', 'key', value, 'EX', '10'],
      ['', ''],
    ]);
    expect(whole.error).toBeDefined();
    const broken: number[] = [];
    for (let cut = 1; cut < bytes.length; cut++) {
      if (!isEqual(parseRequests([bytes.subarray(0, cut), bytes.subarray(cut)]), whole)) broken.push(cut);
    }
    expect(broken).toEqual([]);
    const singles = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
    expect(parseRequests(singles)).toEqual(whole);
  });

  it(
    `yields ${FRAMES} random valid frames as they were sent`,
    () => {
      const random = new SeededRandom(1);
      const broken: unknown[] = [];
      for (let i = 0; i < FRAMES / FRAMES_PER_STREAM; i++) {
        const sent = Array.from({ length: FRAMES_PER_STREAM }, () => randomArguments(random));
        const bytes = Buffer.from(sent.map(frame).join(''), 'latin1');
        const { commands, error } = parseRequests(randomPieces(bytes, random));
        const received = commands.map(({ args }) => args);
        if (error !== undefined || !isEqual(received, sent))
          broken.push({ stream: i, sent, received, error });
      }
      expect(broken.slice(0, 1)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    `never throws on ${FRAMES} damaged frames, and finds the same error however they are cut`,
    () => {
      const random = new SeededRandom(2);
      const broken: unknown[] = [];
      let errors = 0;
      for (let i = 0; i < FRAMES / FRAMES_PER_STREAM; i++) {
        let text = '';
        for (let f = 0; f < FRAMES_PER_STREAM; f++) text += randomFrame(random);
        const bytes = Buffer.from(damage(text, random), 'latin1');
        const whole = parseRequests([bytes]);
        const cut = parseRequests(randomPieces(bytes, random));
        if (!isEqual(cut, whole)) broken.push({ stream: i, whole, cut });
        if (whole.error !== undefined) errors++;
      }
      expect(broken.slice(0, 1)).toEqual([]);
      expect(errors).toBeGreaterThan(FRAMES / FRAMES_PER_STREAM / 20);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['a bulk without end', '*2\r\n$4\r\nECHO\r\n$536870912\r\n', 'x'],
    ['a line without end', '*', '1'],
    ['an inline command without end', '', 'x'],
    ['arguments without end', '*1048576\r\n', '$1\r\nx\r\n'],
    ['empty arguments without end', '*1048576\r\n', '$0\r\n\r\n'],
  ])('holds a bounded amount of memory for %s', (_, head, repeated) => {
    const parser = new RespRequestParser();
    const first = Buffer.from(head, 'latin1');
    const again = Buffer.from(repeated.repeat(Math.ceil((64 * 1024) / repeated.length)), 'latin1');
    const before = heldBytes();
    parser.push(first, 0, first.length);
    for (let i = 0; i < 200; i++) parser.push(again, 0, again.length);
    expect(heldBytes() - before).toBeLessThan(32 * 1024 * 1024);
  });
});

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Comparing with `expect` a hundred thousand times would take minutes. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
