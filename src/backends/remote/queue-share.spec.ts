import { expect, it } from '@jest/globals';
import { type TierConfig } from '../../config/kvnest-config.interface.js';
import { withinAdmission } from './queue-share.js';
import { RemoteOptions } from './remote.config.js';

const MIB = 1024 * 1024;

function tiers(...types: string[]): TierConfig[] {
  return types.map((type, i) => ({ name: `${i}`, type, capacityBytes: 0, policy: 'LRU', options: {} }));
}

it('takes the queue as configured where there is room for it', () => {
  const options = new RemoteOptions();
  const config = { maxPendingBytes: 256 * MIB, tiers: tiers('memory', 'remote') };
  expect(withinAdmission(options, config)).toEqual(options);
});

it('leaves half of what is on its way to the other tiers', () => {
  const both = tiers('memory', 'remote', 'remote');
  expect(withinAdmission(new RemoteOptions(), { maxPendingBytes: 32 * MIB, tiers: both })).toMatchObject({
    queue: 8 * MIB,
    queue_chunks: 16,
  });
  expect(withinAdmission(new RemoteOptions(), { maxPendingBytes: 1, tiers: both })).toMatchObject({
    queue: 1,
    queue_chunks: 1,
  });
});
