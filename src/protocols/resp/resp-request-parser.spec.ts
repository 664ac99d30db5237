import { describe, expect, it } from '@jest/globals';
import { parseRequests } from '../../../test/support/resp-pieces.js';
import { RespRequestParser } from './resp-request-parser.js';

function commands(text: string): (readonly string[])[] {
  const parsed = parseRequests([Buffer.from(text, 'latin1')]);
  expect(parsed.error).toBeUndefined();
  return parsed.commands.map(({ args }) => args);
}

function failure(text: string): string | undefined {
  return parseRequests([Buffer.from(text, 'latin1')]).error;
}

const VALUE = 'v'.repeat(1024);

describe('RespRequestParser', () => {
  it('yields commands in order, with their names in upper case', () => {
    const parser = new RespRequestParser();
    const bytes = Buffer.from('*2\r\n$3\r\nget\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n');
    expect(parser.push(bytes, 0, bytes.length)).toMatchObject({
      kind: 'command',
      name: 'GET',
      argumentCount: 2,
    });
    expect(parser.isIdle).toBe(true);
    expect(parser.push(bytes, parser.position, bytes.length)).toMatchObject({
      name: 'PING',
      oversized: false,
    });
    expect(parser.position).toBe(bytes.length);
  });

  it('hands out the value of SET as soon as its length is known', () => {
    const parser = new RespRequestParser();
    const head = Buffer.from('*5\r\n$3\r\nset\r\n$3\r\nkey\r\n$1024\r\n');
    const event = parser.push(head, 0, head.length);
    expect(event).toMatchObject({ kind: 'value-start', lengthBytes: 1024, argumentCount: 5 });
    expect(event).toHaveProperty('key', Buffer.from('key'));
    parser.endValue();
    const rest = Buffer.from('\r\n$2\r\nEX\r\n$2\r\n10\r\n');
    expect(parser.push(rest, 0, rest.length)).toMatchObject({
      kind: 'command',
      name: 'SET',
      bodyBytes: 1024,
      args: ['set', 'key', '', 'EX', '10'].map((arg) => Buffer.from(arg)),
    });
  });

  it('keeps a short value with the arguments', () => {
    const parser = new RespRequestParser();
    const bytes = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1023\r\n${VALUE.slice(1)}\r\n`);
    expect(parser.push(bytes, 0, bytes.length)).toMatchObject({ kind: 'command', bodyBytes: undefined });
  });

  it('leaves bytes behind an event alone', () => {
    const parser = new RespRequestParser();
    const bytes = Buffer.from('*1\r\n$4\r\nPING\r\n*x');
    parser.push(bytes, 0, bytes.length);
    expect(parser.position).toBe(14);
  });

  it('skips empty commands', () => {
    expect(commands('*0\r\n*-1\r\n*-7\r\n\r\n \r\n\nPING\r\n')).toEqual([['PING']]);
  });

  it('takes empty bulks', () => {
    expect(commands('*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n')).toEqual([['SET', '', '']]);
  });

  it('reads inline commands with quotes', () => {
    expect(commands(`set "a \\x41\\n\\"" 'b \\'c\\n' d"e"\r\nget k\n`)).toEqual([
      ['set', 'a A\n"', "b 'c\\n", 'de'],
      ['get', 'k'],
    ]);
  });

  it.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['*1 \r\n', 'invalid multibulk length'],
    ['*1\rx', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*-99999999999999999999\r\n', 'invalid multibulk length'],
    [`*${'1'.repeat(65 * 1024)}`, 'too big mbulk count string'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    [`*1\r\n$${'1'.repeat(65 * 1024)}`, 'too big bulk count string'],
    ['*1\r\nx', "expected '$', got 'x'"],
    ['*1\r\n\r\n', "expected '$', got ' '"],
    ['*1\r\n$1\r\nabc', 'expected CRLF behind a bulk'],
    ['x'.repeat(65 * 1024), 'too big inline request'],
    ['set "a\r\n', 'unbalanced quotes in request'],
    ['set "a"b\r\n', 'unbalanced quotes in request'],
    ["set 'a\r\n", 'unbalanced quotes in request'],
  ])('refuses %j', (text, reason) => {
    expect(failure(text)).toBe(`Protocol error: ${reason}`);
  });

  it('accepts the longest value that Redis accepts', () => {
    const parser = new RespRequestParser();
    const head = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${512 * 1024 * 1024}\r\n`);
    expect(parser.push(head, 0, head.length)).toMatchObject({
      kind: 'value-start',
      lengthBytes: 536_870_912,
    });
  });

  it('stays failed', () => {
    const parser = new RespRequestParser();
    const bytes = Buffer.from('*x\r\nPING\r\n');
    const event = parser.push(bytes, 0, bytes.length);
    expect(event).toMatchObject({ kind: 'protocol-error' });
    expect(parser.push(bytes, parser.position, bytes.length)).toBe(event);
  });

  it('tells misuse apart from bad input', () => {
    const parser = new RespRequestParser();
    expect(() => parser.endValue()).toThrow(expect.objectContaining({ code: 'KV_RESP_NO_VALUE' }));
    const head = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000\r\n');
    parser.push(head, 0, head.length);
    expect(() => parser.push(head, 0, head.length)).toThrow(
      expect.objectContaining({ code: 'KV_RESP_VALUE_PENDING' }),
    );
  });

  it.each([
    ['an argument', `*2\r\n$4\r\nECHO\r\n$70000\r\n${'x'.repeat(70_000)}\r\n`, ['ECHO']],
    ['a key', `*3\r\n$3\r\nSET\r\n$70000\r\n${'x'.repeat(70_000)}\r\n$1024\r\n${VALUE}\r\n`, ['SET']],
    ['a name', `*1\r\n$70000\r\n${'x'.repeat(70_000)}\r\n`, []],
  ])('drops what is behind %s that is too long, and goes on', (_, text, args) => {
    const parsed = parseRequests([Buffer.from(`${text}PING\r\n`)]);
    expect(parsed.error).toBeUndefined();
    expect(parsed.commands).toEqual([
      { args, oversized: true },
      { args: ['PING'], oversized: false },
    ]);
  });

  it('bounds what all arguments of a command take', () => {
    const key = `$1000\r\n${'k'.repeat(1000)}\r\n`;
    const parsed = parseRequests([Buffer.from(`*10001\r\n$3\r\nDEL\r\n${key.repeat(10_000)}PING\r\n`)]);
    const [del, ping] = parsed.commands;
    expect(del!.oversized).toBe(true);
    expect(del!.args.length * 1128).toBeLessThanOrEqual(4 * 1024 * 1024 + 1128);
    expect(ping!.args).toEqual(['PING']);
  });

  it('takes a value for SET only', () => {
    const parser = new RespRequestParser();
    const bytes = Buffer.from(`*3\r\n$4\r\nECHO\r\n$1\r\nk\r\n$1024\r\n${VALUE}\r\n`);
    expect(parser.push(bytes, 0, bytes.length)).toMatchObject({ kind: 'command', bodyBytes: undefined });
  });
});
