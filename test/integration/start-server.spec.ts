import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TcpDoorLimits } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { RespTestClient } from '../support/resp-client.js';

const MIB = 1024 * 1024;
const HOST = '127.0.0.1';

describe('startServer', () => {
  let other: Server;
  let taken: number;

  beforeEach(async () => {
    other = createServer().listen(0, HOST);
    await once(other, 'listening');
    taken = (other.address() as AddressInfo).port;
  });
  afterEach(async () => {
    other.close();
    await once(other, 'close');
  });

  /** With what the TCP door has beyond others. */
  const door = (port: number): TcpDoorLimits => ({
    host: HOST,
    port,
    maxValueBytes: MIB,
    maxConnections: 10,
    bodyTimeoutMs: 1000,
    heartbeatMs: 15_000,
    maxInFlight: 16,
    tls: undefined,
  });
  const tiers = [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }];
  const listeners = (): number =>
    process.getActiveResourcesInfo().filter((type) => type === 'TCPServerWrap').length;

  it.each(['http', 'resp', 'lm', 'tcp', 'nest'] as const)(
    'says what to do when the %s door cannot listen, and closes all others',
    async (name) => {
      const doors = { http: door(0), resp: door(0), lm: door(0), tcp: door(0), nest: door(0) };
      const config = testConfig({ tiers, doors: { ...doors, [name]: door(taken) } });
      await expect(startServer(config)).rejects.toMatchObject({
        code: 'KV_DOOR_LISTEN',
        kind: 'config',
        remedy: expect.stringContaining(`doors.${name}.port`),
      });
      // The other one, which has the port.
      await expectEventually(() => listeners() === 1);
    },
  );

  it.each(['http', 'resp', 'lm', 'tcp', 'nest'] as const)('serves with the %s door alone', async (name) => {
    const server = await startServer(testConfig({ tiers, doors: { ...NO_DOORS, [name]: door(0) } }));
    const status = server.get<DoorRegistry>(DOOR_REGISTRY).status();
    await server.close();
    expect(status).toMatchObject([{ name, address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }]);
  });

  it('tells Redis clients which eviction policy it has, the default by its own name', async () => {
    const [memory] = tiers;
    for (const [policy, name] of [
      ['DEFAULT', 'adaptive'],
      ['LRU', 'lru'],
    ] as const) {
      const doors = { ...NO_DOORS, resp: door(0) };
      const server = await startServer(testConfig({ tiers: [{ ...memory!, policy }], doors }));
      try {
        const [resp] = server.get<DoorRegistry>(DOOR_REGISTRY).status();
        using client = await RespTestClient.open(Number(resp?.address?.split(':')[1]));
        const info = (await client.call('INFO', 'memory')) as Buffer;
        expect(info.toString()).toContain(`kvnest_eviction_policy:${name}\r\n`);
      } finally {
        await server.close();
      }
    }
  });

  it.each(['memory', 'disk'])('refuses options that a tier of type %s does not have', async (type) => {
    const tier = { name: 'here', type, capacityBytes: 32 * MIB, policy: 'LRU', options: { io_dept: 8 } };
    const starting = startServer(testConfig({ tiers: [tier], doors: NO_DOORS }));
    await expect(starting).rejects.toMatchObject({
      code: 'KV_CONFIG_INVALID',
      message: expect.stringContaining('options.io_dept: is unknown') as unknown,
    });
  });

  it('keeps nothing of a start that failed, without an HTTP door, too', async () => {
    const path = await mkdtemp(join(tmpdir(), 'kvnest-start-'));
    const config = testConfig({
      tiers: [{ name: 'disk', type: 'disk', capacityBytes: 64 * MIB, path, policy: 'LRU', options: {} }],
    });
    for (const http of [door(0), false] as const) {
      const doors = { ...NO_DOORS, http };
      const failure = startServer({ ...config, doors: { ...doors, resp: door(taken) } });
      await expect(failure).rejects.toMatchObject({ code: 'KV_DOOR_LISTEN' });
      // Its directory would be locked.
      const server = await startServer({ ...config, doors: { ...doors, resp: door(0) } });
      await server.close();
    }
    await rm(path, { recursive: true });
  });
});
