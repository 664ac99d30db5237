import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../common/crc32c.js';
import { ExtentWriter } from '../../../arena/extent-writer.js';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type PutReservation } from '../../engine/object-store.interface.js';
import { IncomingValue } from './incoming-value.js';

const BYTES = Buffer.from('0123456789abcdefghij');

/** Room of two extents that knows whether it was given back. */
function room(): PutReservation & { disposals: number } {
  const reservation = {
    key: ChunkKey.of('k'),
    lengthBytes: BYTES.length,
    views: [Buffer.alloc(7), Buffer.alloc(13)],
    disposals: 0,
    commit: () => ({ stored: true, tiers: [] }),
    [Symbol.dispose]: () => {
      reservation.disposals++;
    },
  };
  return reservation;
}

describe('IncomingValue', () => {
  function intoArena(reservation: PutReservation): IncomingValue {
    return IncomingValue.intoArena(reservation, new ExtentWriter(reservation.views, crc32c));
  }

  /** Fills the value, partly in its place and partly by copying. */
  function fill(value: IncomingValue): void {
    value.write(BYTES.subarray(0, 3));
    while (value.remainingBytes > 0) {
      const at = BYTES.length - value.remainingBytes;
      value.advance(BYTES.copy(value.target(), 0, at, at + 5));
    }
  }

  it('comes into the extents of its place, with a checksum', () => {
    const reservation = room();
    const value = intoArena(reservation);
    fill(value);
    const chunk = value.takeChunk();
    expect(Buffer.concat(reservation.views).equals(BYTES)).toBe(true);
    expect(chunk?.checksum).toBe(crc32c(BYTES, 0));
    value[Symbol.dispose]();
    expect(reservation.disposals).toBe(0);
    chunk?.[Symbol.dispose]();
    expect(reservation.disposals).toBe(1);
  });

  it('is not to be had before it is whole', () => {
    const reservation = room();
    const value = intoArena(reservation);
    value.write(BYTES.subarray(0, 19));
    expect(value.takeChunk()).toBeUndefined();
    value[Symbol.dispose]();
    expect(reservation.disposals).toBe(1);
  });

  it('goes on taking bytes when it is given up, and leaves its place alone', () => {
    const reservation = room();
    const value = intoArena(reservation);
    value.write(BYTES.subarray(0, 3));
    value.abandon('stalled');
    expect(reservation.disposals).toBe(1);
    value.write(BYTES.subarray(3, 10));
    value.target().fill('x');
    value.advance(10);
    expect([value.remainingBytes, value.dropped]).toEqual([0, 'stalled']);
    expect(value.takeChunk()).toBeUndefined();
    expect(Buffer.concat(reservation.views).toString('latin1')).toBe(`012${'\0'.repeat(17)}`);
  });

  it('can be collected, or go nowhere', () => {
    const collected = IncomingValue.intoHeap(BYTES.length);
    fill(collected);
    expect(collected.collected?.equals(BYTES)).toBe(true);
    const nowhere = IncomingValue.toNowhere(BYTES.length, 'busy');
    fill(nowhere);
    expect([nowhere.collected, nowhere.takeChunk(), nowhere.dropped]).toEqual([undefined, undefined, 'busy']);
  });
});
