import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../common/clock.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { LikelyPeers } from './likely-peers.js';
import { PeerLookups } from './peer-lookups.js';
import { PeerReads } from './peer-reads.js';
import { type Peer } from './peers/peer.js';

describe('PeerReads', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('has one deadline for all chunks of a call, however many questions they take', async () => {
    const given: number[] = [];
    // A peer that answers each question after 400 ms, and has nothing.
    const slow = {
      isPromising: true,
      mayHave: () => true,
      ask: (_: string, timeoutMs: number) => {
        given.push(timeoutMs);
        jest.advanceTimersByTime(400);
        return Promise.resolve(undefined);
      },
    } as unknown as Peer;
    const peers = { promising: [slow] };
    const likely = new LikelyPeers();
    const lookups = new PeerLookups(peers, likely, 500);
    const reads = new PeerReads({ peers, likely, lookups, timeoutMs: 1_000, clock: systemClock });
    const keys = Array.from({ length: 5 * 32 }, (_, i) => ChunkKey.of(`k${i}`));
    expect(await reads.getMany(keys)).toEqual(keys.map(() => 'miss'));
    expect(given).toEqual([1_000, 600, 200]);
  });
});
