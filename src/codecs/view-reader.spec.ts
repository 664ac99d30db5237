import { expect, it } from '@jest/globals';
import { ViewReader } from './view-reader.js';

const VIEWS = ['abc', '', 'd', 'efgh'].map((text) => Buffer.from(text));

it('reads across views, and what is left at the end', () => {
  const reader = new ViewReader(VIEWS);
  const read = [2, 3, 0, 1, 9, 1].map((bytes) => reader.read(bytes).toString());
  expect(read).toEqual(['ab', 'cde', '', 'f', 'gh', '']);
});

it('copies nothing inside of a view', () => {
  const reader = new ViewReader(VIEWS);
  expect(reader.read(3).buffer).toBe(VIEWS[0]!.buffer);
});
