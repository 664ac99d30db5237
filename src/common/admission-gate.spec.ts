import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AdmissionGate } from './admission-gate.js';

describe('AdmissionGate', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets in at once what fits, without a promise', () => {
    const gate = new AdmissionGate(100, 1000);
    expect(gate.enter(60)).toBe(true);
    expect(gate.enter(40)).toBe(true);
    expect(gate.bytes).toBe(100);
  });

  it('lets a chunk larger than the bound in when it is alone', () => {
    const gate = new AdmissionGate(100, 1000);
    expect(gate.enter(500)).toBe(true);
    expect(gate.enter(1)).toBeInstanceOf(Promise);
  });

  it('admits in order of arrival as others leave', async () => {
    const gate = new AdmissionGate(100, 1000);
    const order: string[] = [];
    await gate.enter(100);
    const large = Promise.resolve(gate.enter(90)).then(() => order.push('large'));
    const small = Promise.resolve(gate.enter(10)).then(() => order.push('small'));
    gate.leave(100);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
    expect(gate.bytes).toBe(100);
  });

  it('does not let a small chunk overtake a large one that waits', async () => {
    const gate = new AdmissionGate(100, 1000);
    await gate.enter(50);
    void gate.enter(80);
    expect(gate.enter(10)).toBeInstanceOf(Promise);
    expect(gate.waiting).toBe(2);
  });

  it('turns away who waited too long, and then admits those behind', async () => {
    const gate = new AdmissionGate(100, 1000);
    await gate.enter(50);
    const large = gate.enter(80);
    jest.advanceTimersByTime(500);
    const small = gate.enter(10);
    jest.advanceTimersByTime(500);
    expect(await large).toBe(false);
    expect(await small).toBe(true);
    expect(gate.bytes).toBe(60);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('turns all away when it closes', async () => {
    const gate = new AdmissionGate(100, 1000);
    await gate.enter(100);
    const waiting = [gate.enter(1), gate.enter(2)];
    gate.close();
    expect(await waiting[0]).toBe(false);
    expect(await waiting[1]).toBe(false);
    expect(gate.bytes).toBe(100);
    expect(jest.getTimerCount()).toBe(0);
  });
});
