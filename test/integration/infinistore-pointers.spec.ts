import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { POINTER_ID_BYTES } from '../../src/protocols/infinistore/chunk-pointer.js';
import { encodeRemove } from '../../src/protocols/infinistore/infinistore-request.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { InfinistoreRawClient } from '../support/infinistore/infinistore-raw-client.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';

const KEY = ChunkKey.of('key');
const OLD = chunkBytes(100_000, 1);
const NEW = chunkBytes(200_000, 2);

describeWithPeer(missingInfinistore())('A sealed chunk in InfiniStore that another process', () => {
  let server: InfinistoreServer;
  let proxy: HoldingProxy;
  let world: InfinistoreWorld;
  let other: InfinistoreWorld;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
  });
  afterAll(() => server.kill());
  beforeEach(async () => {
    await server.purge();
    proxy = await HoldingProxy.start(server.port);
    world = await InfinistoreWorld.connect(proxy.port, { layout: 'sealed' });
    other = await InfinistoreWorld.connect(server.port, { layout: 'sealed' });
    expect(await other.store('key', OLD)).toBe('stored');
  });
  afterEach(async () => {
    expect([await world.close(), await other.close()]).toEqual([0, 0]);
    await proxy[Symbol.asyncDispose]();
    expect(await server.isAlive()).toBe(true);
  });

  /** Holds the question for the value, which comes when the pointer to it is read. */
  async function betweenPointerAndValue(act: () => Promise<unknown>): Promise<Buffer | string> {
    const { arena } = world;
    const crc32c = arena.crc32c.bind(arena);
    arena.crc32c = (...args) => {
      arena.crc32c = crc32c;
      proxy.holdNext();
      return crc32c(...args);
    };
    const read = world.fetch('key');
    await expectEventually(() => proxy.heldBytes > 0);
    await act();
    proxy.release();
    return read;
  }

  it('replaces while it is read is read anew', async () => {
    expectBytes(await betweenPointerAndValue(() => other.store('key', NEW)), NEW);
  });

  it('removes while it is read is a miss', async () => {
    expect(await betweenPointerAndValue(() => other.connector.remove(KEY))).toBe('miss');
    expect(await server.keyCount()).toBe(0);
  });

  it('replaced or removed leaves no value behind', async () => {
    expect(await other.store('key', NEW)).toBe('stored');
    expect(await server.keyCount()).toBe(2);
    expect(await other.connector.remove(KEY)).toBe(true);
    expect(await server.keyCount()).toBe(0);
  });

  it('put and whose value was evicted is a miss, and not there any more', async () => {
    using client = await InfinistoreRawClient.connect(server.port);
    const pointer = (await client.get('kvnest:sealed:key')) as Buffer;
    const id = pointer.toString('hex', pointer.length - POINTER_ID_BYTES);
    expect(await client.ask(encodeRemove([`kvnest:value:${id}`]))).toEqual([200, 1]);
    expect(await world.connector.exists(KEY)).toBe(true);
    expect(await world.fetch('key')).toBe('miss');
    expect(await other.connector.exists(KEY)).toBe(false);
  });
});
