import { expect, it } from '@jest/globals';
import { noSuchChunk } from './no-such-chunk.js';

it('tells which chunks there are, or that the tokens are too few', () => {
  expect(noSuchChunk(3)).toBe('must be a chunk of the tokens: 0 to 2');
  expect(noSuchChunk(1)).toBe('must be a chunk of the tokens: 0 to 0');
  expect(noSuchChunk(0)).toContain('too few');
});
