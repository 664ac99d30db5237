import { describe, expect, it } from '@jest/globals';
import { MAX_SHARED_BYTES, SIZE_CLASS_COUNT, sizeClassOf, slotBytesOf } from './size-class.js';

describe('size classes', () => {
  it('have slots of multiples of 64 bytes, ever larger', () => {
    const sizes = Array.from({ length: SIZE_CLASS_COUNT }, (_, sizeClass) => slotBytesOf(sizeClass));
    expect(sizes.every((bytes) => bytes % 64 === 0)).toBe(true);
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
    expect([sizes[0], sizes.at(-1)]).toEqual([64, MAX_SHARED_BYTES]);
  });

  it('give each length the smallest slot that holds it, at most an eighth or 64 bytes larger', () => {
    for (let bytes = 0; bytes <= MAX_SHARED_BYTES; bytes++) {
      const sizeClass = sizeClassOf(bytes);
      const slot = slotBytesOf(sizeClass);
      const fits = slot >= bytes && (sizeClass === 0 || slotBytesOf(sizeClass - 1) < bytes);
      if (!fits || slot - bytes > Math.max(64, bytes / 8)) expect({ bytes, slot }).toBeUndefined();
    }
    expect(sizeClassOf(MAX_SHARED_BYTES)).toBe(SIZE_CLASS_COUNT - 1);
  });
});
