import { expect, it } from '@jest/globals';
import { formNumber, formOf } from './chunk-form.js';

it('has a number, and comes back from it', () => {
  for (const encoded of [false, true]) {
    for (const loss of ['none', 'int8', 'fp8'] as const) {
      expect(formOf(formNumber({ encoded, loss }))).toEqual({ encoded, loss });
    }
  }
  expect(formNumber({ encoded: false, loss: 'none' })).toBe(0);
});

it.each([3, 15, 19, 31, 32, 255, -1])('does not know the number %i', (number) => {
  expect(formOf(number)).toBeUndefined();
});
