import { beforeEach, describe, expect, it } from '@jest/globals';
import { StallWatch, type Watched } from './stall-watch.js';

describe('StallWatch', () => {
  const connection = {
    incoming: undefined as Watched['incoming'],
    unsentBytes: 0,
    abandoned: 0,
    destroyed: 0,
    abandonIncoming: () => {
      connection.abandoned++;
      connection.incoming = { remainingBytes: connection.incoming?.remainingBytes ?? 0, dropped: 'stalled' };
    },
    destroy: () => connection.destroyed++,
  };
  let watch: StallWatch;

  beforeEach(() => {
    Object.assign(connection, { incoming: undefined, unsentBytes: 0, abandoned: 0, destroyed: 0 });
    watch = new StallWatch(connection, 100);
  });

  function receive(remainingBytes: number): void {
    connection.incoming = { remainingBytes, dropped: undefined };
  }

  it('leaves an idle connection alone for ever', () => {
    for (let nowMs = 0; nowMs < 1e9; nowMs += 1e6) expect(watch.check(nowMs)).toBe(false);
    expect([connection.abandoned, connection.destroyed]).toEqual([0, 0]);
  });

  it('takes the place from a value that stands still, once', () => {
    receive(50);
    watch.check(0);
    watch.check(99);
    expect(connection.abandoned).toBe(0);
    watch.check(100);
    watch.check(500);
    expect([connection.abandoned, connection.destroyed]).toEqual([1, 0]);
  });

  it('lets a slow value go on, and starts anew with the next', () => {
    for (let nowMs = 0, left = 1000; left > 0; nowMs += 99, left--) {
      receive(left);
      watch.check(nowMs);
    }
    connection.incoming = undefined;
    watch.check(200_000);
    receive(1);
    watch.check(300_000);
    watch.check(300_099);
    expect(connection.abandoned).toBe(0);
  });

  it('closes a connection whose reply stands still for longer', () => {
    connection.unsentBytes = 10;
    expect([0, 100, 399].map((nowMs) => watch.check(nowMs))).toEqual([false, false, false]);
    expect(watch.check(400)).toBe(true);
    expect(connection.destroyed).toBe(1);
  });

  it('lets a slow reader go on', () => {
    for (let nowMs = 0, left = 100; left > 0; nowMs += 399, left--) {
      connection.unsentBytes = left;
      expect(watch.check(nowMs)).toBe(false);
    }
  });
});
