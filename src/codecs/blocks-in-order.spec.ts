import { expect, it } from '@jest/globals';
import { blocksInOrder } from './blocks-in-order.js';

function deferred(): { readonly promise: Promise<number>; resolve(): void; reject(): void }[] {
  return Array.from({ length: 4 }, (_, index) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    return { promise, resolve: () => resolve(index), reject: () => reject(new Error(`block ${index}`)) };
  });
}

const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

it('works on two blocks at a time, and hands them on in order', async () => {
  const blocks = deferred();
  const seen: string[] = [];
  const start = (index: number): Promise<number> => {
    seen.push(`start ${index}`);
    return blocks[index]!.promise;
  };
  const done = blocksInOrder(blocks.length, start, (result, index) => seen.push(`${result} ${index}`) > 0);
  blocks[1]!.resolve();
  await nextTurn();
  expect(seen).toEqual(['start 0', 'start 1']);
  blocks[0]!.resolve();
  await nextTurn();
  expect(seen).toEqual(['start 0', 'start 1', '0 0', 'start 2', '1 1', 'start 3']);
  for (const block of blocks) block.resolve();
  expect(await done).toBe(true);
  expect(seen.slice(6)).toEqual(['2 2', '3 3']);
});

it('ends only when nothing is being worked on any more, after a refusal or a failure', async () => {
  for (const end of ['resolve', 'reject'] as const) {
    const blocks = deferred();
    let outcome: unknown;
    void blocksInOrder(
      blocks.length,
      (index) => blocks[index]!.promise,
      () => false,
    ).then(
      (value) => (outcome = value),
      (error: unknown) => (outcome = (error as Error).message),
    );
    blocks[0]![end]();
    await nextTurn();
    expect(outcome).toBeUndefined();
    blocks[1]!.resolve();
    await nextTurn();
    expect(outcome).toBe(end === 'resolve' ? false : 'block 0');
  }
});

it('tells of a failure in its turn', async () => {
  const blocks = deferred();
  const seen: number[] = [];
  const done = blocksInOrder(
    blocks.length,
    (index) => blocks[index]!.promise,
    (result) => seen.push(result) > 0,
  );
  blocks[1]!.reject();
  await nextTurn();
  blocks[0]!.resolve();
  blocks[2]!.resolve();
  await expect(done).rejects.toThrow('block 1');
  expect(seen).toEqual([0]);
});

it('has nothing to do without blocks', async () => {
  expect(
    await blocksInOrder(
      0,
      () => Promise.reject(new Error('none')),
      () => false,
    ),
  ).toBe(true);
});
