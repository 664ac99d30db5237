import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { ByteBudget } from './byte-budget.js';
import { LineQueue } from './line-queue.js';
import { readLogLine } from './log-line.js';
import { findNotifications, readNotification } from './notification.js';
import { decodeLine, escapeControls } from './printable.js';
import { ReadPacer } from './read-pacer.js';
import { RecentLines } from './recent-lines.js';

describe('ByteBudget', () => {
  it('gives a second at once and earns the rest back', () => {
    const clock = new ManualClock();
    const budget = new ByteBudget(1000, clock);
    expect([budget.take(600), budget.take(600), budget.take(400), budget.take(1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    clock.advance(100);
    expect([budget.take(100), budget.take(1)]).toEqual([true, false]);
    clock.advance(60_000);
    expect([budget.take(1000), budget.take(1)]).toEqual([true, false]);
  });

  it('gives what is larger than itself when it is full', () => {
    const clock = new ManualClock();
    const budget = new ByteBudget(1000, clock);
    expect([budget.take(5000), budget.take(5000)]).toEqual([true, false]);
    clock.advance(1000);
    expect(budget.take(5000)).toBe(true);
  });

  it('does not lose anything when the clock is set back', () => {
    const clock = new ManualClock();
    const budget = new ByteBudget(1000, clock);
    clock.advance(-5000);
    expect(budget.take(1000)).toBe(true);
    clock.advance(1000);
    expect(budget.take(1000)).toBe(true);
  });
});

describe('ReadPacer', () => {
  it('says no when a slice is spent, and calls back once when there is another', async () => {
    const pacer = new ReadPacer();
    expect([pacer.spend(2 ** 20), pacer.spend(2 ** 20), pacer.spend(1)]).toEqual([true, false, false]);
    await new Promise<void>((resolve) => pacer.whenNext(resolve));
    expect(pacer.spend(2 ** 20)).toBe(true);
  });
});

describe('LineQueue', () => {
  it('keeps the order, hands on some lines a turn and tells when it is empty', async () => {
    const got: number[] = [];
    const queue = new LineQueue<number>(100, (line) => got.push(line));
    const sent = Array.from({ length: 100 }, (_, line) => line);
    for (const line of sent) queue.push(line);
    expect([queue.isFull, got]).toEqual([true, []]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(50);
    expect(queue.isFull).toBe(false);
    await queue.drained();
    expect(got).toEqual(sent);
    await queue.drained();
  });
});

describe('a line of output', () => {
  it.each([
    ['plain', Buffer.from('größe\t→'), false, 'größe\t→'],
    ['binary', Buffer.from([0x41, 0xff, 0x00, 0xe2]), false, 'A\\xff\\x00\\xe2'],
    [
      'of a terminal',
      Buffer.from('\u001b[31mred\u001b[0m\r100%\u0007'),
      false,
      '\\x1b[31mred\\x1b[0m\\x0d100%\\x07',
    ],
    ['turned around', Buffer.from('a\u202eb\u2028c\u0085'), false, 'a\\u202eb\\u2028c\\x85'],
    ['cut within a character', Buffer.from('a→').subarray(0, 3), true, 'a'],
    ['cut within one of four bytes', Buffer.from('a😀').subarray(0, 4), true, 'a'],
    ['cut behind a character', Buffer.from('a→'), true, 'a→'],
    ['empty', Buffer.alloc(0), true, ''],
  ])('that is %s can be shown', (_, bytes, isCut, text) => {
    expect(escapeControls(decodeLine(bytes, isCut))).toBe(text);
  });

  it.each([
    ['hello', 'log', 'hello'],
    ['{"level":"error","msg":"no"}', 'error', 'no'],
    ['{"levelname":"WARNING","message":"hm","asctime":"now"}', 'warn', 'hm'],
    ['{"level":30,"time":1,"pid":7,"msg":"pino"}', 'log', 'pino {"pid":7}'],
    ['{"level":20,"msg":"quiet"}', 'debug', 'quiet'],
    ['{"level":60,"msg":"end"}', 'fatal', 'end'],
    ['{"severity":"CRITICAL","message":"end"}', 'fatal', 'end'],
    ['{"level":"loud","msg":"x"}', 'log', '{"level":"loud","msg":"x"}'],
    ['{"level":"info"}', 'log', '{"level":"info"}'],
    ['{"level":"info","msg":{"a":1}}', 'log', '{"level":"info","msg":{"a":1}}'],
    ['{not json}', 'log', '{not json}'],
    ['[{"level":"error","msg":"no"}]', 'log', '[{"level":"error","msg":"no"}]'],
  ])('%s is logged as %s', (line, level, text) => {
    expect(readLogLine(line, 'log')).toEqual({ level, text });
  });

  it.each([
    ['kvnest:notify READY=1', { kind: 'ready' }],
    ['kvnest:notify WATCHDOG=1\r', { kind: 'alive' }],
    ['kvnest:notify STATUS=half way = 50%', { kind: 'status', text: 'half way = 50%' }],
    ['kvnest:notify READY=0', undefined],
    ['kvnest:notify', undefined],
    [' kvnest:notify READY=1', undefined],
    ['READY=1', undefined],
  ])('%p notifies of %p', (line, notification) => {
    expect(readNotification(Buffer.from(line))).toEqual(notification);
  });

  it('notifies among many others, at its beginning only', () => {
    const lines = 'x kvnest:notify READY=1\nkvnest:notify WATCHDOG=1\ny\nkvnest:notify STATUS=z\n';
    expect([...findNotifications(Buffer.from(lines))]).toEqual([
      { kind: 'alive' },
      { kind: 'status', text: 'z' },
    ]);
    expect([...findNotifications(Buffer.from('kvnest:notify READY=1\n'.repeat(1000)))].length).toBeLessThan(
      20,
    );
  });
});

it('RecentLines keeps the last ones, shortened', () => {
  const lines = new RecentLines(2);
  for (const line of ['a', 'b', 'x'.repeat(1000)]) lines.push(line);
  expect(lines.toArray()).toEqual(['b', `${'x'.repeat(512)}…`]);
});
