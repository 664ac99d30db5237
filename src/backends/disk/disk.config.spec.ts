import { describe, expect, it } from '@jest/globals';
import { readDiskOptions } from './disk.config.js';

describe('readDiskOptions', () => {
  it('has defaults, and takes sizes with units', () => {
    expect(readDiskOptions('disk', {})).toEqual({ io_depth: 4, direct: true, sync_interval_ms: 5_000 });
    expect(readDiskOptions('disk', { index_size: '64MiB', io_depth: 8 })).toMatchObject({
      index_size: 64 * 2 ** 20,
      io_depth: 8,
    });
  });

  it('reports all that is wrong at once', () => {
    const given = { io_depth: 0, direct: 'perhaps', index_size: '1KiB', iodepth: 4 };
    expect(() => readDiskOptions('disk', given)).toThrow(
      expect.objectContaining({
        code: 'KV_CONFIG_INVALID',
        details: {
          problems: ['iodepth', 'io_depth', 'direct', 'index_size'].map((name) =>
            expect.objectContaining({ path: `options.${name}` }),
          ) as unknown[],
        },
      }),
    );
  });
});
