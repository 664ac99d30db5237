import { describe, expect, it } from '@jest/globals';
import { keySlot } from './key-slot.js';

const slot = (key: string): number => keySlot(Buffer.from(key));

describe('keySlot', () => {
  it('is CRC-16/XMODEM modulo 16,384', () => {
    expect(slot('123456789')).toBe(0x31c3);
    expect(slot('')).toBe(0);
    expect(slot('foo')).toBe(12_182);
  });

  it('looks only at what stands in the first braces', () => {
    expect(slot('{user1000}.following')).toBe(slot('user1000'));
    expect(slot('foo{bar}{zap}')).toBe(slot('bar'));
    expect(slot('foo{{bar}}zap')).toBe(slot('{bar'));
  });

  it('looks at the whole key where the braces are empty or not closed', () => {
    expect(slot('foo{}{bar}')).toBe(8_363);
    expect(slot('foo{bar')).not.toBe(slot('bar'));
    expect(slot('foo}bar{')).not.toBe(slot('bar'));
  });
});
