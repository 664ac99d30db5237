import { describe, expect, it } from '@jest/globals';
import { PageAllocator } from '../../arena/page-allocator.js';
import { BlockSpace } from './block-space.js';

/** Ten blocks, and chunks that can be evicted in the order given. */
function world(evictable: () => number | undefined = () => undefined) {
  const allocator = new PageAllocator(10);
  const leaving: number[] = [];
  const space: BlockSpace = new BlockSpace({
    allocator,
    evict: () => {
      const first = evictable();
      if (first === undefined) return false;
      space.leave(first);
      leaving.push(first);
      return true;
    },
  });
  return { allocator, space, leaving };
}

describe('BlockSpace', () => {
  it('gives blocks of an evicted chunk to others only when it is released', async () => {
    const chunks: number[] = [];
    const { space, leaving } = world(() => chunks.shift());
    chunks.push((await space.acquire(6)) as number);
    let acquired: unknown;
    const waiting = space.acquire(8).then((result) => (acquired = result));
    await Promise.resolve();
    expect(leaving).toHaveLength(1);
    expect(acquired).toBeUndefined();
    space.release(leaving[0]!);
    await waiting;
    expect(acquired).toBe(0);
    expect(space.usedBlocks).toBe(8);
  });

  it('keeps blocks from others while they are read, also when they are released', async () => {
    const { space } = world();
    const first = (await space.acquire(10)) as number;
    space.beginRead(first);
    space.beginRead(first);
    space.leave(first);
    space.release(first);
    const waiting = space.acquire(1);
    space.endRead(first);
    expect(space.usedBlocks).toBe(10);
    expect(space.isRead(first)).toBe(true);
    space.endRead(first);
    expect(await waiting).toBe(0);
  });

  it('evicts no more than it needs, counting what is leaving already', async () => {
    const chunks: number[] = [];
    const { space, leaving } = world(() => chunks.shift());
    for (let i = 0; i < 5; i++) chunks.push((await space.acquire(2)) as number);
    const first = space.acquire(3);
    const second = space.acquire(1);
    expect(leaving).toHaveLength(2);
    for (const chunk of leaving) space.release(chunk);
    await Promise.all([first, second]);
    expect(leaving).toHaveLength(2);
  });

  it('serves in turn: a small request does not overtake a large one', async () => {
    const chunks: number[] = [];
    const { space, leaving } = world(() => chunks.shift());
    chunks.push((await space.acquire(7)) as number);
    const order: string[] = [];
    const large = space.acquire(9).then(() => order.push('large'));
    const small = space.acquire(1).then(() => order.push('small'));
    space.release(leaving[0]!);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('is busy when nothing can go, and goes on with the next', async () => {
    const { space } = world();
    await space.acquire(8);
    const [large, small] = await Promise.all([space.acquire(3), space.acquire(2)]);
    expect(large).toBe('busy');
    expect(small).toBe(8);
  });

  it('turns away who waits for blocks that will not come', async () => {
    const chunks: number[] = [];
    const { space } = world(() => chunks.shift());
    chunks.push((await space.acquire(10)) as number);
    const waiting = space.acquire(1);
    space.fail();
    expect(await waiting).toBe('failed');
  });
});
