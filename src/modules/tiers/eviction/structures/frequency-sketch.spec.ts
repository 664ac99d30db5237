import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../../../test/support/seeded-random.js';
import { FrequencySketch } from './frequency-sketch.js';

describe('FrequencySketch', () => {
  it('never counts too little, and seldom too much, as long as nothing is halved', () => {
    const random = new SeededRandom(5);
    const sketch = new FrequencySketch();
    sketch.fit(4096);
    const counts = new Map<number, number>();
    for (let i = 0; i < 1_000; i++) {
      const word = Math.imul(random.below(300) + 1, 0x9e3779b1) >>> 0;
      counts.set(word, Math.min(15, (counts.get(word) ?? 0) + 1));
      sketch.count(word);
    }
    // A tenth of the counters was halved by then at most.
    const errors = [...counts].map(([word, count]) => sketch.estimate(word) - count);
    expect(errors.filter((error) => error !== 0).length).toBeLessThan(0.4 * errors.length);
    expect(Math.max(...errors)).toBeLessThanOrEqual(1);
    expect(sketch.estimate(12_345)).toBe(0);
  });

  it('forgets what is not asked for any more', () => {
    const sketch = new FrequencySketch();
    for (let i = 0; i < 15; i++) sketch.count(7);
    expect(sketch.estimate(7)).toBeGreaterThan(10);
    for (let i = 0; i < 1024 * 10 * 4; i++) sketch.count(Math.imul(i, 0x9e3779b1) >>> 0);
    expect(sketch.estimate(7)).toBeLessThan(10);
  });

  it('takes at most 8 bytes for a key', () => {
    const sketch = new FrequencySketch();
    sketch.fit(100_000);
    expect(sketch.allocatedBytes).toBeLessThanOrEqual(8 * 100_000);
    const before = sketch.allocatedBytes;
    sketch.fit(1_000);
    expect(sketch.allocatedBytes).toBe(before);
  });
});
