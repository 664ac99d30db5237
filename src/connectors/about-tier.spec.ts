import { describe, expect, it } from '@jest/globals';
import { KvError } from '../common/errors/kv-error.js';
import { remoteRefused } from './connector-errors.js';
import { namingTier } from './about-tier.js';

describe('errors of a tier', () => {
  const thrown = (error: unknown): unknown => {
    try {
      return namingTier('far', () => {
        throw error;
      });
    } catch (named) {
      return named;
    }
  };

  it('name it, and are the same otherwise', () => {
    const cause = new Error('no');
    const { code, kind, remedy } = remoteRefused('redis://h', 'NOAUTH', cause);
    expect(thrown(remoteRefused('redis://h', 'NOAUTH', cause))).toMatchObject({
      message: 'the tier "far": redis://h refused: NOAUTH',
      ...{ code, kind, remedy, cause },
    });
    const details = { problems: [] };
    expect(thrown(new KvError('KV_CONFIG_INVALID', 'x', { kind: 'config', details }))).toMatchObject({
      details,
    });
  });

  it('name it once, and are left alone where they are not ours', () => {
    for (const error of [
      new KvError('KV_CONFIG_INVALID', 'the tier "far" is not configured right', { kind: 'config' }),
      new TypeError('x'),
    ])
      expect(thrown(error)).toBe(error);
  });
});
