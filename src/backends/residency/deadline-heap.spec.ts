import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { DeadlineHeap, type Timed } from './deadline-heap.js';

describe('DeadlineHeap', () => {
  it('has what is due first in front, whatever is added, postponed and taken out of the middle', () => {
    const random = new SeededRandom(8);
    const heap = new DeadlineHeap<Timed>();
    const items: Timed[] = [];
    for (let step = 0; step < 5_000; step++) {
      const at = random.below(items.length + 1);
      const item = items[at];
      if (item === undefined || items.length < 100) {
        const added = { dueMs: random.below(1_000), heapIndex: 0 };
        items.push(added);
        heap.add(added);
      } else if (step % 2 === 0) {
        items.splice(at, 1);
        heap.remove(item);
      } else heap.postpone(item, item.dueMs + random.below(500));
      expect(heap.first?.dueMs).toBe(Math.min(...items.map(({ dueMs }) => dueMs)));
    }
    const order: number[] = [];
    for (let first = heap.first; first !== undefined; first = heap.first) {
      order.push(first.dueMs);
      heap.remove(first);
    }
    expect(order).toEqual(items.map(({ dueMs }) => dueMs).sort((a, b) => a - b));
  });
});
