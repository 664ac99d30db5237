import { describe, expect, it } from '@jest/globals';
import { globMatch } from './glob-match.js';

describe('globMatch', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbbd', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[a-c]llo', 'hdllo', false],
    ['[\\]]', ']', true],
    ['[abc', 'c', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\', 'a\\', true],
    ['**?', 'ab', true],
  ])('%j and %j: %s', (pattern, text, expected) => {
    expect(globMatch(Buffer.from(pattern), Buffer.from(text))).toBe(expected);
  });

  it('takes no longer than both lengths allow', () => {
    expect(globMatch(Buffer.from('*a'.repeat(200) + 'b'), Buffer.from('a'.repeat(5000)))).toBe(false);
  });
});
