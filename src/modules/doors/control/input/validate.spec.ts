import { describe, expect, it } from '@jest/globals';
import { KvError } from '../../../../common/errors/kv-error.js';
import { KeysDto } from '../objects/objects.dto.js';
import { validate, validateEach } from './validate.js';

function errorOf(work: () => unknown): KvError {
  try {
    work();
  } catch (error) {
    if (error instanceof KvError) return error;
  }
  throw new Error('it was valid');
}

describe('what is wrong with a request', () => {
  it('is told of each field', () => {
    const error = errorOf(() => validate(KeysDto, { keys: [1], other: 1 }));
    expect(error.message).toBe('other: unknown; keys: each value in must be a string');
  });

  it('is that it has more fields than any has: they are not looked at', () => {
    const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, index]));
    expect(errorOf(() => validate(KeysDto, fields)).message).toBe('body: more than 64 fields');
  });

  it('is told a hundred times at most', () => {
    const error = errorOf(() => validateEach(KeysDto, new Array(1000).fill(7), 'items'));
    expect(error.message).toMatch(/items\[99\]: not a JSON object; and 900 more$/);
    expect(error.details?.['problems']).toHaveLength(100);
  });
});
