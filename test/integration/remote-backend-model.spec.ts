import { describe, expect, it } from '@jest/globals';
import { RemoteModel } from '../support/remote-model.js';

const SEEDS = process.env['KVNEST_SOAK'] === undefined ? 8 : 400;

describe('a remote tier whose store gets in and out of trouble', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'gives nothing that nobody may see, throws nothing, forgets no chunk, and ends whole: seed %i',
    async (seed) => {
      const model = new RemoteModel(seed);
      await model.run();
      expect(model.wrong).toEqual([]);
    },
    30_000,
  );
});
