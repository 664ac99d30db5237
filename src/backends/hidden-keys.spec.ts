import { expect, it } from '@jest/globals';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { HiddenKeys } from './hidden-keys.js';

const [A, B, C] = [ChunkKey.of('a'), ChunkKey.of('b'), ChunkKey.of('c')];

it('hides keys until they are shown', () => {
  const hidden = new HiddenKeys(10);
  hidden.hide(A);
  hidden.hide(B);
  hidden.show(A);
  expect([A, B, C].map((key) => hidden.has(key))).toEqual([false, true, false]);
});

it('forgets the oldest beyond its bound, and counts it', () => {
  const hidden = new HiddenKeys(2);
  for (const key of [A, B, A, C]) hidden.hide(key);
  expect(hidden.oldest(10)).toEqual([A, C]);
  expect(hidden).toMatchObject({ size: 2, forgotten: 1 });
});
