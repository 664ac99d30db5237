import { describe, expect, it } from '@jest/globals';
import { hostIdentity } from '../../common/host-links.js';
import { whyNoDirectPath } from './nixl-path.js';

describe('whyNoDirectPath', () => {
  const here = { host: 'a', hasRdma: true };

  it('finds one on this host, or by RDMA on both sides', () => {
    expect(whyNoDirectPath({ host: 'a', hasRdma: false }, here)).toBeUndefined();
    expect(whyNoDirectPath({ host: 'b', hasRdma: true }, here)).toBeUndefined();
    expect(whyNoDirectPath({ host: hostIdentity(), hasRdma: false })).toBeUndefined();
  });

  it('says why there is none', () => {
    expect(whyNoDirectPath({ host: 'b', hasRdma: false }, here)).toContain('another host');
    expect(whyNoDirectPath({ host: 'b', hasRdma: true }, { host: 'a', hasRdma: false })).toContain('RDMA');
  });
});
