import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';
import { freePort } from '../support/redis-process.js';

const MIB = 1024 * 1024;
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');

describeWithPeer(missingInfinistore())('infinistore://: what goes wrong', () => {
  let server: InfinistoreServer;
  let world: InfinistoreWorld;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
  });
  afterAll(() => server.kill());
  beforeEach(async () => {
    await server.purge();
    world = await InfinistoreWorld.connect(server.port, { layout: 'sealed', managePort: server.managePort });
  });
  afterEach(async () => {
    expect(await world.close()).toBe(0);
    expect(await server.isAlive()).toBe(true);
  });

  it('a server that ends loses its data and nothing else', async () => {
    await world.store('key', chunkBytes(MIB));
    expectBytes(await world.fetch('key'), chunkBytes(MIB));
    await server.kill();
    const chunk = world.chunk({ key: KEY });
    for (const call of [
      () => world.connector.get(KEY),
      () => world.connector.put(chunk),
      () => world.connector.exists(KEY),
      () => world.connector.existsMany([KEY, KEY], { upToGap: true }),
      () => world.connector.remove(KEY),
      () => world.connector.ping(),
    ]) {
      expect(await errorOf(call)).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });
    }
    await server.restart();
    await world.connector.ping();
    expect(await world.fetch('key')).toBe('miss');
    expect(await world.store('key', chunkBytes(MIB, 2))).toBe('stored');
    expectBytes(await world.fetch('key'), chunkBytes(MIB, 2));
    chunk[Symbol.dispose]();
  });

  it('a restart between two calls is noticed by nobody', async () => {
    for (let i = 0; i < 3; i++) await world.store(`key-${i}`, chunkBytes(100_000));
    await server.restart();
    expect(await world.fetch('key-0')).toBe('miss');
    expect(await world.connector.exists(KEY)).toBe(false);
    expect(await world.store('key-0', chunkBytes(5_000))).toBe('stored');
    expectBytes(await world.fetch('key-0'), chunkBytes(5_000));
  });

  it('a server that hangs holds nobody who takes the call back, and serves again when it goes on', async () => {
    await world.store('key', chunkBytes(MIB));
    server.suspend();
    try {
      using chunk = world.chunk({ key: KEY, bytes: chunkBytes(MIB) });
      const key = ChunkKey.of('key');
      for (const call of [
        (signal: AbortSignal) => world.connector.get(key, { signal }),
        (signal: AbortSignal) => world.connector.put(chunk, { signal }),
        (signal: AbortSignal) => world.connector.exists(key, { signal }),
        (signal: AbortSignal) => world.connector.getMany([KEY, KEY, KEY, key, KEY, KEY], { signal }),
        (signal: AbortSignal) => world.connector.ping({ signal }),
      ]) {
        expect(await errorOf(() => call(AbortSignal.timeout(30)))).toMatchObject({
          code: 'KV_REMOTE_ABORTED',
        });
      }
    } finally {
      server.resume();
    }
    expectBytes(await world.fetch('key'), chunkBytes(MIB));
    await expectEventually(() => world.arena.usage().references === 0);
  });

  it('nobody listens: unreachable, and connected when somebody does', async () => {
    const { port } = server;
    await world.connector.close();
    await server.kill();
    expect(await errorOf(() => world.connector.connect())).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
    await server.restart();
    expect(server.port).toBe(port);
    await world.connector.connect();
    await world.connector.ping();
  });

  it('something else listens there', async () => {
    const other = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await errorOf(() => InfinistoreWorld.connect(port))).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
    other.close();
  });

  it('closing does not wait for ever for a server that hangs', async () => {
    const lost = await InfinistoreServer.start();
    const other = await InfinistoreWorld.connect(lost.port, { drainTimeoutMs: 50 });
    await other.store('key', chunkBytes(MIB));
    lost.suspend();
    const call = errorOf(() => other.fetch('key', AbortSignal.timeout(20)));
    expect(await call).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(await other.close()).toBe(0);
    await lost.kill();
  });

  it('the management port tells how many keys there are, when it connects and when it is asked', async () => {
    await expectEventually(() => world.logger.lines.length > 0);
    expect(world.logger.lines).toEqual([{ level: 'log', message: 'infinistore://test has 0 keys' }]);
    await world.store('key', chunkBytes(1_000));
    // A chunk and the pointer to it.
    expect(await world.connector.describe?.()).toBe(
      'InfiniStore, TCP protocol of 0.2.33 to 0.2.35, layout sealed, 2 keys',
    );
  });

  it('a management port that does not answer is a warning, and an error to who asks', async () => {
    const managePort = await freePort();
    const other = await InfinistoreWorld.connect(server.port, { managePort });
    await expectEventually(() => other.logger.count('warn') === 1);
    expect(await errorOf(async () => other.connector.describe?.())).toMatchObject({
      code: 'KV_REMOTE_UNREACHABLE',
      message: expect.stringContaining(`management port ${managePort}`),
    });
    await other.store('key', chunkBytes(1_000));
    expect(await other.close()).toBe(0);
  });
});
