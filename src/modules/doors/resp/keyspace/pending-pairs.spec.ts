import { beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { type ReceivedChunk } from '../../socket/incoming-value.js';
import { PendingPairs } from './pending-pairs.js';

/** A value of so many bytes that knows whether it was given back. */
class Value implements ReceivedChunk {
  readonly checksum = 0;
  readonly reservation: ReceivedChunk['reservation'];
  disposals = 0;

  constructor(readonly lengthBytes: number) {
    this.reservation = {
      key: ChunkKey.of('any'),
      lengthBytes,
      views: [],
      commit: () => ({ stored: true, tiers: [] }),
      [Symbol.dispose]: () => undefined,
    };
  }

  [Symbol.dispose](): void {
    this.disposals++;
  }
}

describe('PendingPairs', () => {
  const key = (id: number, namespace = 0): ChunkKey => ChunkKey.of(`key${id}`, namespace);
  let nowMs: number;
  let drops: number;
  let pairs: PendingPairs;

  beforeEach(() => {
    nowMs = 0;
    drops = 0;
    const clock = { nowMs: () => nowMs };
    pairs = new PendingPairs({ clock, maxPairs: 4, maxBytes: 100, timeoutMs: 1000, onDrop: () => drops++ });
  });

  function hold(id: number, bytes: number): Value {
    const chunk = new Value(bytes);
    pairs.hold(key(id), { chunk, expiresAtMs: 0 });
    return chunk;
  }

  it('gives back what it holds, once', () => {
    const chunk = hold(1, 10);
    expect(pairs.take(key(1))?.chunk).toBe(chunk);
    expect(pairs.take(key(1))).toBeUndefined();
    expect([pairs.size, pairs.bytes, chunk.disposals]).toEqual([0, 0, 0]);
  });

  it('disposes a value that another replaces', () => {
    const old = hold(1, 10);
    hold(1, 20);
    expect([old.disposals, pairs.bytes, drops]).toEqual([1, 20, 0]);
  });

  it('gives up the bytes of the oldest beyond its bound, and remembers that it did', () => {
    const first = hold(1, 60);
    const second = hold(2, 30);
    const third = hold(3, 50);
    expect([first.disposals, second.disposals, third.disposals]).toEqual([1, 0, 0]);
    expect(pairs.take(key(1))).toMatchObject({ bytesDropped: true });
    expect([pairs.bytes, drops]).toEqual([80, 1]);
  });

  it('holds one value whatever its size', () => {
    const small = hold(1, 10);
    const large = hold(2, 500);
    expect([small.disposals, large.disposals, pairs.bytes]).toEqual([1, 0, 500]);
  });

  it('gives up the oldest beyond its number', () => {
    const values = [1, 2, 3, 4, 5, 6].map((id) => hold(id, 1));
    expect(values.map(({ disposals }) => disposals)).toEqual([1, 1, 0, 0, 0, 0]);
    expect([pairs.size, pairs.bytes]).toEqual([4, 4]);
  });

  it('gives up what waits too long', () => {
    const early = hold(1, 1);
    nowMs = 600;
    const late = hold(2, 1);
    nowMs = 1000;
    pairs.sweep();
    expect([early.disposals, late.disposals, drops]).toEqual([1, 0, 1]);
    expect(pairs.peek(key(1))).toBeUndefined();
  });

  it('clears one namespace, or all', () => {
    pairs.hold(key(1, 1), { metadata: Buffer.alloc(1), expiresAtMs: 0 });
    const chunk = hold(1, 1);
    pairs.clear(1);
    expect([pairs.size, chunk.disposals]).toEqual([1, 0]);
    pairs.clear();
    expect([pairs.size, chunk.disposals]).toEqual([0, 1]);
  });
});
