import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestEngine, put, type TestEngine } from '../../../test/support/engine.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { NO_LEASE } from '../../protocols/kvnest-tcp/locate.js';
import { TieredPeerOwner } from './tiered-peer-owner.js';

const ASKER = { ended: false };
/** Longer than any test waits. */
const LONG_MS = 25_000;
const HOLD = { leaseMs: LONG_MS, knowsLoss: true };

describe('TieredPeerOwner', () => {
  let engine: TestEngine;
  let owner: TieredPeerOwner;
  const key = ChunkKey.of('a');

  beforeEach(async () => {
    engine = await createTestEngine();
    owner = new TieredPeerOwner(engine);
    await put(engine, key, Buffer.from('value'));
  });
  afterEach(async () => {
    expect(engine.arena.usage().references).toBe(0);
    await engine.close();
  });

  it('waits for who reads when the server ends, and holds nothing new', async () => {
    const { lease } = await owner.locate([key], HOLD, ASKER);
    const closed = owner.close(LONG_MS);
    expect(await owner.locate([key], HOLD, ASKER)).toEqual({
      lease: NO_LEASE,
      leaseMs: 0,
      outcomes: ['busy'],
    });
    expect(owner.release([lease])).toEqual([true]);
    await closed;
  });

  it('waits for nobody longer than it may', async () => {
    await owner.locate([key], HOLD, ASKER);
    await owner.close(20);
    expect(owner.counters()).toMatchObject({ peer_leases: 1, peer_leases_ended: 1, peer_leases_expired: 0 });
  });
});
