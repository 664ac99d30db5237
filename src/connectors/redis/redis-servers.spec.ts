import { describe, expect, it } from '@jest/globals';
import { RespErrorReply } from '../../protocols/resp/resp-reply.interface.js';
import { addressKey } from '../resp-client/resp-address.js';
import { type RespPool } from '../resp-client/resp-pool.js';
import { RedisServers } from './redis-servers.js';
import { type RedisTopology } from './topology/redis-topology.interface.js';

const MEMBER = { host: 'member', port: 1 };
const KEY = Buffer.from('key');

/** Pools that only count themselves: which connections are open is not seen from outside. */
function servers(redirects: boolean): { readonly servers: RedisServers; readonly open: Set<string> } {
  const open = new Set<string>();
  const topology: RedisTopology = {
    redirects,
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    serverOf: () => MEMBER,
    servers: () => [MEMBER],
    refresh: () => Promise.resolve(),
  };
  const openPool = (address: typeof MEMBER): RespPool => {
    open.add(addressKey(address));
    return { close: () => open.delete(addressKey(address)) } as unknown as RespPool;
  };
  return { servers: new RedisServers({ topology, openPool: openPool as never }), open };
}

describe('servers of a store', () => {
  it('that are named by MOVED and belong to nobody do not pile up', async () => {
    const { servers: all, open } = servers(true);
    for (let i = 0; i < 500; i++) {
      const replies = await all.follow(KEY, ({ address }) =>
        Promise.resolve(address === MEMBER ? [new RespErrorReply(`MOVED 1 host-${i}:1`)] : ['there']),
      );
      expect(replies).toEqual(['there']);
      expect(open.size).toBeLessThan(25);
      expect(open).toContain('member:1');
    }
  });

  it('send nobody on outside of a cluster', async () => {
    const { servers: all, open } = servers(false);
    const moved = new RespErrorReply('MOVED 1 elsewhere:1');
    expect(await all.follow(KEY, () => Promise.resolve([moved]))).toEqual([moved]);
    expect([...open]).toEqual(['member:1']);
  });
});
