import { describe, expect, it } from '@jest/globals';
import { parseReplies, randomPieces } from '../../../test/support/resp-pieces.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { RespReplyParser } from './resp-reply-parser.js';
import { RespErrorReply } from './resp-reply.interface.js';
import { encodeReply, type RespReply } from './resp-writer.js';

const SOAK = process.env['KVNEST_SOAK'] === '1';
const STREAMS = SOAK ? 100_000 : 5_000;
const TIMEOUT_MS = SOAK ? 1_800_000 : 60_000;

function replies(text: string): unknown[] {
  const parsed = parseReplies([Buffer.from(text, 'latin1')]);
  expect(parsed.error).toBeUndefined();
  return parsed.replies;
}

function randomReply(random: SeededRandom, depth: number): RespReply {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.below(1e9) - 5e8;
    case 3:
      return random.below(1000) / 8;
    case 4:
      return 2n ** 60n + BigInt(random.below(1000));
    case 5:
    case 6:
      return random.bytes(random.chance(0.02) ? 1024 + random.below(2000) : random.below(20));
    case 7:
      return Array.from({ length: random.below(5) }, () => randomReply(random, depth - 1));
    default:
      return new Map(
        Array.from({ length: random.below(4) }, (_, i) => [`k${i}`, randomReply(random, depth - 1)]),
      );
  }
}

describe('RespReplyParser', () => {
  it.each<[string, unknown]>([
    ['+OK\r\n', 'OK'],
    ['+\r\n', ''],
    ['-ERR no\r\n', { error: 'ERR no' }],
    [':-7\r\n', -7],
    [':9223372036854775807\r\n', 9223372036854775807n],
    ['$3\r\na\r\n\r\n', 'a\r\n'],
    ['$0\r\n\r\n', ''],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['_\r\n', null],
    ['*0\r\n', []],
    ['*2\r\n*1\r\n:1\r\n$-1\r\n', [[1], null]],
    ['~2\r\n+a\r\n+b\r\n', ['a', 'b']],
    ['%2\r\n+a\r\n:1\r\n$1\r\nb\r\n%0\r\n', { a: 1, b: {} }],
    ['>2\r\n+message\r\n:1\r\n', { push: ['message', 1] }],
    ['|1\r\n+ttl\r\n:9\r\n+OK\r\n', 'OK'],
    ['|0\r\n+OK\r\n', 'OK'],
    ['*1\r\n|1\r\n+ttl\r\n:9\r\n:5\r\n', [5]],
    ['#t\r\n', true],
    ['#f\r\n', false],
    [',1.5\r\n', 1.5],
    [',-1e3\r\n', -1000],
    [',-inf\r\n', -Infinity],
    [',nan\r\n', Number.NaN],
    ['(3492890328409238509324850943850943825024385\r\n', 3492890328409238509324850943850943825024385n],
    ['=8\r\ntxt:some\r\n', 'some'],
    ['!6\r\nERR no\r\n', { error: 'ERR no' }],
  ])('reads %j', (text, value) => {
    expect(replies(text)).toEqual([value]);
  });

  it('hands out a long bulk as a body, at the top and inside', () => {
    const body = 'b'.repeat(2000);
    expect(replies(`$2000\r\n${body}\r\n*2\r\n$2000\r\n${body}\r\n:1\r\n`)).toEqual([body, [body, 1]]);
    const parser = new RespReplyParser();
    const head = Buffer.from('$2000\r\n');
    expect(parser.push(head, 0, head.length)).toEqual({ kind: 'body-start', lengthBytes: 2000 });
    expect(parser.isIdle).toBe(false);
  });

  it('gives the first word of an error as its code', () => {
    expect(new RespErrorReply('MOVED 1 host:1').code).toBe('MOVED');
    expect(new RespErrorReply('').code).toBe('');
  });

  it.each([
    'x',
    ':\r\n',
    ':1x\r\n',
    ':1\n',
    '+OK\n',
    '#x\r\n',
    '_x\r\n',
    ',x\r\n',
    '(1.5\r\n',
    '$-2\r\n',
    '$x\r\n',
    '$536870913\r\n',
    '*x\r\n',
    '$1\r\nab\r\n',
    '*1\r\n'.repeat(20),
    `+${'x'.repeat(70_000)}`,
  ])('refuses %j', (text) => {
    expect(parseReplies([Buffer.from(text)]).error).toMatch(/^Protocol error: /);
  });

  it('stays failed', () => {
    const parser = new RespReplyParser();
    const bytes = Buffer.from('x+OK\r\n');
    const event = parser.push(bytes, 0, bytes.length);
    expect(parser.push(bytes, parser.position, bytes.length)).toBe(event);
  });

  it('bounds what one reply takes', () => {
    for (const item of ['$-1\r\n', ':1\r\n', '*0\r\n', '$1\r\nx\r\n', '%0\r\n']) {
      const parser = new RespReplyParser({ maxReplyBytes: 64 * 100 });
      const text = `*1000000\r\n${item.repeat(100)}`;
      expect(parseReplies([Buffer.from(text)], parser).error).toBeDefined();
    }
    const parser = new RespReplyParser({ maxReplyBytes: 64 * 100 });
    expect(parseReplies([Buffer.from(':1\r\n'.repeat(200))], parser).replies).toHaveLength(200);
    expect(parser.replyBytes).toBe(65);
    parser.maxReplyBytes = 64;
    expect(parseReplies([Buffer.from(':1\r\n')], parser).error).toBeDefined();
  });

  it('hands out no bodies from within arrays: nobody would know whose they are', () => {
    const bytes = Buffer.from(`*2\r\n${'$2000\r\n'.concat('x'.repeat(2000), '\r\n').repeat(2)}`);
    const [reply] = parseReplies([bytes]).replies as (readonly Buffer[])[];
    expect(reply?.map(({ length }) => length)).toEqual([2000, 2000]);
  });

  it('tells misuse apart from bad input', () => {
    const parser = new RespReplyParser();
    expect(() => parser.endBody()).toThrow(expect.objectContaining({ code: 'KV_RESP_NO_BODY' }));
    const head = Buffer.from('$2000\r\n');
    parser.push(head, 0, head.length);
    expect(() => parser.push(head, 0, head.length)).toThrow(
      expect.objectContaining({ code: 'KV_RESP_BODY_PENDING' }),
    );
  });

  it(
    `reads ${STREAMS} random trees as they were written, however they are cut`,
    () => {
      const random = new SeededRandom(5);
      for (let i = 0; i < STREAMS; i++) {
        const sent = Array.from({ length: 3 }, () => randomReply(random, 3));
        const bytes = Buffer.concat(sent.map((reply) => encodeReply(reply, 3)));
        const parsed = parseReplies(randomPieces(bytes, random));
        expect(parsed).toEqual({ replies: sent.map(plain), error: undefined });
      }
    },
    TIMEOUT_MS,
  );

  it(
    `never throws on ${STREAMS} damaged streams`,
    () => {
      const random = new SeededRandom(6);
      let errors = 0;
      for (let i = 0; i < STREAMS; i++) {
        const bytes = Buffer.concat([
          encodeReply(randomReply(random, 3), 3),
          encodeReply(randomReply(random, 3), 3),
        ]);
        bytes[random.below(bytes.length)] = random.below(256);
        const whole = parseReplies([bytes]);
        if (whole.error !== undefined) errors++;
        expect(parseReplies(randomPieces(bytes, random))).toEqual(whole);
      }
      expect(errors).toBeGreaterThan(STREAMS / 10);
    },
    TIMEOUT_MS,
  );
});

/** As `parseReplies` gives it. */
function plain(reply: RespReply): unknown {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString('latin1');
  if (Array.isArray(reply)) return reply.map((item: RespReply) => plain(item));
  if (reply instanceof Map) {
    return Object.fromEntries(
      [...(reply as Map<string, RespReply>)].map(([name, value]) => [name, plain(value)]),
    );
  }
  return reply;
}
