import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';

const MIB = 1024 * 1024;
const KEY = ChunkKey.of('key');

describeWithPeer(missingInfinistore())(
  'A put to InfiniStore that the network cut off, and which cannot be healed at once',
  () => {
    let server: InfinistoreServer;
    let proxy: HoldingProxy;
    let world: InfinistoreWorld;

    beforeAll(async () => {
      server = await InfinistoreServer.start();
    });
    afterAll(() => server.kill());
    beforeEach(async () => {
      await server.purge();
      proxy = await HoldingProxy.start(server.port);
    });
    afterEach(async () => {
      expect(await world.close()).toBe(0);
      await proxy[Symbol.asyncDispose]();
      const isAlive = await server.isAlive();
      if (!isAlive) await server.restart();
      expect(isAlive).toBe(true);
    });

    describe.each(['lmcache', 'sealed'] as const)('layout %s:', (layout) => {
      async function cutPut(): Promise<void> {
        world = await InfinistoreWorld.connect(proxy.port, { layout });
        proxy.holdAfter(MIB);
        const put = errorOf(() => world.store('key', chunkBytes(8 * MIB)));
        await expectEventually(async () => proxy.heldBytes > 0 && (await server.keyCount()) === 1);
        proxy.isDown = true;
        proxy.cut();
        proxy.cutAll();
        expect(await put).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });
      }

      it.each<[string, () => Promise<unknown>, unknown]>([
        ['read', () => world.fetch('key'), 'miss'],
        ['looked up', () => world.connector.exists(KEY), false],
        [
          'looked up in a prefix',
          () => world.connector.existsMany([KEY, KEY], { upToGap: true }),
          [false, false],
        ],
        ['removed', () => world.connector.remove(KEY), false],
        ['put', () => world.store('key', chunkBytes(1_000)), 'stored'],
      ])('kills nobody when its key is %s', async (_, call, expected) => {
        await cutPut();
        expect(await errorOf(call)).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
        proxy.isDown = false;
        expect(await call()).toEqual(expected);
      });

      it('is healed with the next ping: its memory is free', async () => {
        await cutPut();
        proxy.isDown = false;
        await world.connector.ping();
        await expectEventually(async () => (await server.keyCount()) === 0);
        expect(await world.store('key', chunkBytes(1_000))).toBe('stored');
        expectBytes(await world.fetch('key'), chunkBytes(1_000));
      });
    });
  },
);
