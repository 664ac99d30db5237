import { expect, it } from '@jest/globals';
import { CallBatch } from './call-batch.js';

it('makes one call of those of one turn, and each gets its own answer', async () => {
  const calls: (readonly number[])[] = [];
  const batch = new CallBatch((items: readonly number[]) => {
    calls.push(items);
    return Promise.resolve(items.map((item) => item * 10));
  });
  expect(await Promise.all([1, 2, 3].map((item) => batch.call(item)))).toEqual([10, 20, 30]);
  expect(await batch.call(4)).toBe(40);
  expect(calls).toEqual([[1, 2, 3], [4]]);
});

it('fails all of a call that failed, and none of the next', async () => {
  let fails = true;
  const batch = new CallBatch((items: readonly number[]) =>
    fails ? Promise.reject(new Error('no')) : Promise.resolve(items),
  );
  const failed = await Promise.allSettled([batch.call(1), batch.call(2)]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await batch.call(3)).toBe(3);
});
