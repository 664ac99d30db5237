import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { type DroppedOutput } from './drop-counter.js';
import { type Notification } from './notification.js';
import { PluginOutput } from './plugin-output.js';

interface World {
  readonly output: PluginOutput;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly lines: string[];
  readonly notifications: Notification[];
  readonly dropped: DroppedOutput[];
  readonly clock: ManualClock;
}

function printing(bytesPerSecond = 1_000_000, maxLineBytes = 100, isBehind = () => false): World {
  const lines: string[] = [];
  const notifications: Notification[] = [];
  const dropped: DroppedOutput[] = [];
  const clock = new ManualClock();
  const output = new PluginOutput({
    maxLineBytes,
    bytesPerSecond,
    clock,
    isBehind,
    onLine: ({ level, text }) => lines.push(`${level} ${text}`),
    onNotification: (notification) => notifications.push(notification),
    onDropped: (more) => dropped.push(more),
  });
  // As a socket that reads into one buffer.
  const shared = Buffer.alloc(100_000);
  const [out, err] = (['log', 'warn'] as const).map((level) => {
    const read = output.reader(level);
    return (text: string): void => {
      read(shared.subarray(0, shared.write(text)));
      shared.fill(0);
    };
  }) as [World['out'], World['err']];
  return { output, out, err, lines, notifications, dropped, clock };
}

describe('PluginOutput', () => {
  it('hands on the lines of both streams, the last without an end, too', async () => {
    const { output, out, err, lines } = printing();
    out('one\r\n\n{"level":"error","msg":"two"}\n\u001b[1mlast');
    err(`oops\n${'x'.repeat(300)}\n`);
    await output.end();
    expect(lines.sort()).toEqual([
      'error two',
      'log \\x1b[1mlast',
      'log one',
      'warn oops',
      `warn ${'x'.repeat(100)} … (200 bytes cut)`,
    ]);
  });

  it('drops and counts what is beyond the budget, byte by byte', async () => {
    const { output, out, lines, dropped } = printing(10_000);
    out('0123456\n'.repeat(5000));
    out('0123456\n'.repeat(5000));
    await output.end();
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.length).toBeLessThan(100);
    expect(dropped).toEqual([{ lines: 10_000 - lines.length, bytes: 8 * (10_000 - lines.length) }]);
  });

  it('drops and counts what the log does not take, and hears notifications in it', async () => {
    let isBehind = false;
    const { output, out, lines, dropped, notifications } = printing(10_000, 100, () => isBehind);
    out('one\n');
    isBehind = true;
    out('two\nkvnest:notify READY=1\n');
    isBehind = false;
    out('three\n');
    await output.end();
    expect(lines).toEqual(['log one', 'log three']);
    expect(dropped[0]?.bytes).toBeGreaterThanOrEqual(4);
    expect(notifications).toEqual([{ kind: 'ready' }]);
  });

  it('holds a second of lines that were not handed on, and no more', async () => {
    const { output, out, lines, dropped, clock } = printing(12_900);
    for (let second = 0; second < 5; second++) {
      out('x\n'.repeat(1000));
      clock.advance(1000);
    }
    await output.end();
    expect(lines.length).toBeLessThan(110);
    expect(dropped).toEqual([{ lines: 5000 - lines.length, bytes: 2 * (5000 - lines.length) }]);
  });

  it.each([1, 2, 50])('counts lines of %d bytes', async (length) => {
    const { output, out, dropped } = printing(1);
    out(`${'x'.repeat(length - 1)}\n`.repeat(2000));
    await output.end();
    expect(dropped[0]?.lines).toBe(1999);
  });

  it('hears notifications, which are no lines of the log, in a flood as well', async () => {
    const { output, out, err, lines, notifications } = printing(1000);
    err('kvnest:notify READY=1\n');
    out(`${'x\n'.repeat(1000)}kvnest:notify WATCHDOG=1\n${'x\n'.repeat(10)}kvnest:no`);
    out('tify STATUS=tired\n');
    await output.end();
    expect(notifications).toEqual([{ kind: 'ready' }, { kind: 'alive' }, { kind: 'status', text: 'tired' }]);
    expect(lines.filter((line) => line !== 'log x')).toEqual([]);
  });
});
