import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '../../../test/support/clock.js';
import { HoldTable } from './hold-table.js';

function table(leasableBytes = 1_000): { holds: HoldTable; clock: ManualClock } {
  const clock = new ManualClock();
  return { holds: new HoldTable({ clock, leasableBytes }), clock };
}

describe('HoldTable', () => {
  it('accounts leased bytes exactly as leases begin and end', () => {
    const { holds, clock } = table();
    holds.lease(1, 100, 50);
    holds.lease(2, 200, 30);
    holds.lease(3, 300, 40);
    expect(holds.leasedBytes).toBe(600);
    clock.advance(30);
    expect(holds.leasedBytes).toBe(400);
    holds.consumeLease(3);
    expect(holds.leasedBytes).toBe(100);
    clock.advance(20);
    expect(holds.leasedBytes).toBe(0);
    expect(holds.isHeld(1)).toBe(false);
  });

  it('extends a lease and never shortens it', () => {
    const { holds, clock } = table();
    holds.lease(1, 100, 50);
    holds.lease(1, 100, 10);
    clock.advance(40);
    expect(holds.isHeld(1)).toBe(true);
    holds.lease(1, 100, 50);
    clock.advance(40);
    expect(holds.leasedBytes).toBe(100);
    clock.advance(10);
    expect(holds.isHeld(1)).toBe(false);
  });

  it('gives no lease beyond what may be leased, but extends those that are', () => {
    const { holds, clock } = table(250);
    expect(holds.lease(1, 200, 50)).toBe(true);
    expect(holds.lease(2, 51, 50)).toBe(false);
    expect(holds.lease(2, 50, 50)).toBe(true);
    expect(holds.lease(1, 200, 100)).toBe(true);
    clock.advance(50);
    expect(holds.lease(3, 60, 50)).toBe(false);
    clock.advance(50);
    expect(holds.lease(3, 60, 50)).toBe(true);
  });

  it('counts pins, which end together', () => {
    const { holds, clock } = table();
    holds.pin(1, 100, 50);
    holds.pin(1, 100, 20);
    expect(holds.unpin(1)).toBe(true);
    expect(holds.pinnedBytes).toBe(100);
    clock.advance(50);
    expect(holds.pinnedBytes).toBe(0);
    expect(holds.unpin(1)).toBe(false);
  });

  it('starts counting anew when pins have ended on their own', () => {
    const { holds, clock } = table();
    holds.pin(1, 100, 10);
    holds.pin(1, 100, 10);
    clock.advance(10);
    holds.pin(1, 100, 10);
    holds.unpin(1);
    expect(holds.isHeld(1)).toBe(false);
  });

  it('holds what is leased or pinned, and moves both', () => {
    const { holds } = table();
    holds.pin(1, 100, 50);
    holds.pin(1, 100, 50);
    holds.lease(1, 100, 50);
    holds.move(1, 2, 70);
    expect([holds.isHeld(1), holds.isHeld(2)]).toEqual([false, true]);
    expect([holds.leasedBytes, holds.pinnedBytes]).toEqual([70, 70]);
    holds.consumeLease(2);
    holds.unpin(2);
    expect(holds.isHeld(2)).toBe(true);
    holds.unpin(2);
    expect(holds.isHeld(2)).toBe(false);
  });

  it('forgets an entry that is gone', () => {
    const { holds } = table();
    holds.pin(1, 100, 50);
    holds.lease(1, 100, 50);
    holds.drop(1);
    expect([holds.leasedBytes, holds.pinnedBytes]).toEqual([0, 0]);
  });

  it('agrees with a plain model under any sequence of leases', () => {
    const step = fc.record({
      entry: fc.nat(8),
      ms: fc.integer({ min: 1, max: 40 }),
      advance: fc.nat(15),
      kind: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { holds, clock } = table(Infinity);
        const ends = new Map<number, number>();
        for (const { entry, ms, advance, kind } of steps) {
          if (kind === 0) {
            holds.consumeLease(entry);
            ends.delete(entry);
          } else {
            holds.lease(entry, 10 + entry, ms);
            const end = ends.get(entry) ?? 0;
            const from = end > clock.nowMs() ? end : 0;
            ends.set(entry, Math.max(from, clock.nowMs() + ms));
          }
          clock.advance(advance);
          let bytes = 0;
          for (const [held, end] of ends) if (end > clock.nowMs()) bytes += 10 + held;
          expect(holds.leasedBytes).toBe(bytes);
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
