import { describe, expect, it } from '@jest/globals';
import { type TraceSink } from './trace-sink.interface.js';
import { TraceQueue } from './trace-queue.js';

const MIB = 2 ** 20;
const ignore = (): void => undefined;

/** A disk that takes nothing until it is told to: a real one cannot be made to stand still here. */
class HeldSink implements TraceSink {
  text = '';
  closed = false;
  readonly #free: Promise<void>;
  release: () => void = ignore;

  constructor() {
    this.#free = new Promise((resolve) => (this.release = resolve));
  }

  async append(text: string): Promise<void> {
    await this.#free;
    this.text += text;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

describe('TraceQueue', () => {
  it('hands over all lines in their order, and closes', async () => {
    const sink = new HeldSink();
    const queue = new TraceQueue(sink, ignore);
    for (let i = 0; i < 100; i++) queue.push(i, `${i}\n`);
    sink.release();
    await queue.close();
    expect(sink.text).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''));
    expect(sink.closed).toBe(true);
    expect(queue).toMatchObject({ events: 100, bytes: sink.text.length, lostEvents: 0 });
  });

  it('forgets what a slow disk does not take, counts it, and says in its place how much it was', async () => {
    const sink = new HeldSink();
    const queue = new TraceQueue(sink, ignore);
    const line = `${'x'.repeat(MIB - 1)}\n`;
    for (let i = 0; i < 10; i++) queue.push(i, line);
    expect(queue).toMatchObject({ events: 4, lostEvents: 6 });
    sink.release();
    await new Promise(setImmediate);
    queue.push(11, 'on again\n');
    await queue.close();
    expect(sink.text).toBe(`${line.repeat(4)}{"t":11,"op":"lost","events":6}\non again\n`);
  });

  it('ends with what the disk failed with, tells it once, and never throws', async () => {
    const errors: string[] = [];
    let appended = 0;
    const full: TraceSink = {
      append: () => Promise.reject(new Error(`full ${++appended}`)),
      close: () => Promise.resolve(),
    };
    const queue = new TraceQueue(full, ({ message }) => errors.push(message));
    queue.push(1, 'a\n');
    await queue.close();
    queue.push(2, 'b\n');
    await queue.close();
    expect(errors).toEqual(['full 1']);
    expect(queue).toMatchObject({ events: 1, lostEvents: 1, error: { message: 'full 1' } });
  });
});
