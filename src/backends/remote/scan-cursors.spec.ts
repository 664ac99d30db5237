import { expect, it } from '@jest/globals';
import { ScanCursors } from './scan-cursors.js';

it('knows the cursors it gave numbers to, up to a bound', () => {
  const cursors = new ScanCursors(2);
  const [a, b] = [cursors.numberOf('a'), cursors.numberOf('b')];
  expect([a, b].map((number) => cursors.cursorOf(number))).toEqual(['a', 'b']);
  const c = cursors.numberOf('c');
  expect([a, b, c].map((number) => cursors.cursorOf(number))).toEqual([undefined, 'b', 'c']);
});

it('takes 0 for the beginning and for the end', () => {
  const cursors = new ScanCursors(2);
  expect(cursors.numberOf('')).toBe(0);
  expect(cursors.cursorOf(0)).toBe('');
});
