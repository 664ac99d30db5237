import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DoorLimits } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { NO_DOORS, testConfig } from '../support/engine.js';

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
  afterEach(() => void other.close());

  const door = (port: number): DoorLimits => ({
    host: HOST,
    port,
    maxValueBytes: MIB,
    maxConnections: 10,
    bodyTimeoutMs: 1000,
  });

  it.each(['http', 'resp', 'lm'] as const)('says what to do when the %s door cannot listen', async (name) => {
    const config = testConfig({
      tiers: [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }],
      doors: { ...NO_DOORS, http: door(0), resp: door(0), [name]: door(taken) },
    });
    await expect(startServer(config)).rejects.toMatchObject({
      code: 'KV_DOOR_LISTEN',
      kind: 'config',
      remedy: expect.stringContaining(`doors.${name}.port`),
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
