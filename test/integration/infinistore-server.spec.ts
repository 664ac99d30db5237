import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import {
  encodeExists,
  encodeGet,
  encodeMatchLastIndex,
  encodePut,
  encodeRemove,
} from '../../src/protocols/infinistore/infinistore-request.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { expectEventually } from '../support/eventually.js';
import { cutPut, InfinistoreRawClient } from '../support/infinistore/infinistore-raw-client.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';

const MIB = 1024 * 1024;
type Act = (port: number) => Promise<void>;

async function withClient(port: number, act: (client: InfinistoreRawClient) => Promise<void>): Promise<void> {
  using client = await InfinistoreRawClient.connect(port);
  await act(client);
}

/** What the connector must never do. A release of which a row is not true any more needs less care. */
const DEADLY: readonly (readonly [string, Act])[] = [
  [
    'a connection ends in the midst of a value that it is sent',
    (port) =>
      withClient(port, async (client) => {
        await client.put('key', Buffer.alloc(32 * MIB));
        client.send(encodeGet('key'));
        await client.bytes(1_000);
      }),
  ],
  [
    'a connection ends before a short answer',
    async (port) => {
      for (let i = 0; i < 2_000; i++)
        await withClient(port, (client) => {
          client.send(encodeExists('key'));
          return Promise.resolve();
        });
    },
  ],
  [
    'a key is read while its value is on the way',
    (port) =>
      withClient(port, async (client) => {
        client.send(encodePut('key', MIB), Buffer.alloc(1_000));
        await withClient(port, async (other) => {
          await expectEventually(async () => (await other.ask(encodeExists('key')))[1] === 0);
          await other.get('key').catch(() => undefined);
        });
      }),
  ],
  [
    'a key is removed while its value is on the way',
    (port) =>
      withClient(port, async (client) => {
        client.send(encodePut('key', MIB), Buffer.alloc(1_000));
        await withClient(port, async (other) => {
          await expectEventually(async () => (await other.ask(encodeExists('key')))[1] === 0);
          await other.ask(encodeRemove(['key'])).catch(() => undefined);
        });
      }),
  ],
  [
    'a key is read whose put was cut off',
    async (port) => {
      await cutPut(port, 'key', MIB);
      await withClient(port, async (client) => {
        await expectEventually(async () => (await client.ask(encodeExists('key')))[1] === 0);
        await client.get('key').catch(() => undefined);
      });
    },
  ],
];

describeWithPeer(missingInfinistore())('An InfiniStore server of release 0.2.35', () => {
  let server: InfinistoreServer;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
  });
  afterAll(() => server.kill());

  it.each(DEADLY)('ends when %s', async (_, act) => {
    if (!(await server.isAlive())) await server.restart();
    // Not each time: it depends on what it is doing just then.
    await expectEventually(async () => {
      await act(server.port).catch(() => undefined);
      return !(await server.isAlive());
    });
    expect(server.log).toMatch(/signal|Assertion|Stack|trace|Aborted|#/i);
  });

  it('searches for the last match as if all before it were there, and the key behind it is not', async () => {
    if (!(await server.isAlive())) await server.restart();
    await withClient(server.port, async (client) => {
      for (const i of [0, 1, 2, 4, 5]) await client.put(`m${i}`, Buffer.alloc(1));
      const match = async (...keys: readonly string[]): Promise<number> =>
        (await client.ask(encodeMatchLastIndex(keys)))[1];
      expect(await match('m0', 'm1', 'm2', 'm3')).toBe(2);
      expect(await match('m3')).toBe(-1);
      // Both are wrong for a prefix, and both are no more than too long.
      expect(await match('m3', 'm0', 'm1')).toBe(2);
      expect(await match('m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7')).toBe(5);
    });
  });

  it('does not grow, whatever --auto-increase says: puts without room are busy', async () => {
    await using growing = await InfinistoreServer.start({ args: ['--auto-increase'] });
    const world = await InfinistoreWorld.connect(growing.port);
    await cutPut(growing.port, 'filler', 1_012 * MIB);
    await expectEventually(async () => (await growing.keyCount()) === 1);
    expect(await world.store('key', Buffer.alloc(16 * MIB))).toBe('busy');
    expect(await world.close()).toBe(0);
  });

  it('ends at the first request on a uvloop that is too new, and the error says so', async () => {
    await using tooNew = await InfinistoreServer.start({ onTooNewUvloop: true });
    const world = await InfinistoreWorld.create(tooNew.url());
    const error = await errorOf(() => world.connector.connect());
    expect(error).toMatchObject({
      code: 'KV_REMOTE_UNREACHABLE',
      message: expect.stringContaining('uvloop'),
    });
    expect(await errorOf(() => world.connector.exists(ChunkKey.of('key')))).toMatchObject({
      code: 'KV_REMOTE_CLOSED',
    });
    await world.close();
  });
});
