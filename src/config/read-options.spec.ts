import { describe, expect, it } from '@jest/globals';
import { readOptions } from './read-options.js';
import { ByteSize, Flag, WholeNumber } from './schema/setting.decorators.js';

class Options {
  @WholeNumber({ min: 1, max: 64 })
  io_depth = 4;

  @Flag()
  direct = true;

  @ByteSize({ minBytes: 1024 })
  index_size?: number;
}

class None {}

describe('readOptions', () => {
  it('has defaults, and takes sizes with units', () => {
    expect(readOptions(Options, 'disk', {})).toEqual({ io_depth: 4, direct: true });
    expect(readOptions(Options, 'disk', { index_size: '64MiB', io_depth: '8' })).toMatchObject({
      index_size: 64 * 2 ** 20,
      io_depth: 8,
    });
  });

  it('takes null for what was not given', () => {
    expect(readOptions(Options, 'disk', { io_depth: null, unheard: null })).toEqual({
      io_depth: 4,
      direct: true,
    });
  });

  it('reports all that is wrong at once', () => {
    const given = { io_depth: 0, direct: 'perhaps', index_size: '1B', iodepth: 4 };
    expect(() => readOptions(Options, 'disk', given)).toThrow(
      expect.objectContaining({
        code: 'KV_CONFIG_INVALID',
        message: expect.stringContaining('options.iodepth: is unknown; did you mean io_depth?') as unknown,
        details: {
          problems: ['iodepth', 'io_depth', 'direct', 'index_size'].map((name) =>
            expect.objectContaining({ path: `options.${name}` }),
          ) as unknown[],
        },
      }),
    );
  });

  it('takes nothing where there are no options', () => {
    expect(readOptions(None, 'far', {})).toEqual({});
    expect(() => readOptions(None, 'far', { layout: 'sealed' })).toThrow(/options\.layout: is unknown/);
  });
});
