import { type INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { banner } from '../../src/banner.js';
import { type DoorLimits, type KvnestConfig } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import {
  binaryMetadata,
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { LmConnectorWorld } from '../support/lm-connector.js';
import { LmTestClient } from '../support/lm-client.js';
import { RespTestClient } from '../support/resp-client.js';

const MIB = 1024 * 1024;
const DOOR: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: 8 * MIB,
  maxConnections: 10,
  bodyTimeoutMs: 1000,
};
const kv = (lengthBytes: number): RemoteMetadata => ({
  lengthBytes,
  format: 1,
  groups: [{ dtype: 3, shape: [2, 1, lengthBytes / 4, 1] }],
});

describe('one server with its lm, RESP and HTTP doors', () => {
  let app: INestApplicationContext;
  let config: KvnestConfig;
  let lm: LmTestClient;
  let resp: RespTestClient;
  let keys = 0;

  beforeAll(async () => {
    config = testConfig({
      tiers: [{ name: 'memory', type: 'memory', capacityBytes: 32 * MIB, policy: 'LRU', options: {} }],
      doors: { ...NO_DOORS, http: DOOR, resp: DOOR, lm: DOOR },
    });
    app = await startServer(config);
    lm = await LmTestClient.open(port('lm'));
    resp = await RespTestClient.open(port('resp'));
  });
  afterAll(async () => {
    lm.socket.destroy();
    resp.socket.destroy();
    await app.close();
  });

  const address = (name: string): string =>
    app
      .get<DoorRegistry>(DOOR_REGISTRY)
      .status()
      .find((door) => door.name === name)?.address ?? '';
  const port = (name: string): number => Number(address(name).split(':')[1]);
  const newKey = (): string => `tiny/model@8@0@${(++keys).toString(16)}@bfloat16`;

  it('says where it listens', () => {
    expect(banner(app, config)).toContain(`  lm     lm://${address('lm')}\n`);
  });

  it("gives LMCache's redis:// client the pair of what its lm:// client stored", async () => {
    const [key, bytes] = [newKey(), chunkBytes(1 * MIB)];
    lm.put(key, kv(bytes.length), bytes);
    expect(await lm.exists(key)).toBe(true);
    expect(await resp.call('EXISTS', `${key}metadata`)).toBe(1);
    expect(await resp.call('GET', `${key}metadata`)).toEqual(encodeRemoteMetadata(kv(bytes.length)));
    expectBytes((await resp.call('GET', `${key}kv_bytes`)) as Buffer, bytes);
    expectBytes((await resp.call('GET', key)) as Buffer, bytes);
  });

  it("gives LMCache's lm:// client the chunk of a pair that its redis:// client stored", async () => {
    const [key, bytes] = [newKey(), chunkBytes(300_000, 2)];
    await resp.call('SET', `${key}kv_bytes`, bytes);
    expect(await lm.exists(key)).toBe(false);
    await resp.call('SET', `${key}metadata`, encodeRemoteMetadata(kv(bytes.length)));
    expect(await lm.exists(key)).toBe(true);
    const chunk = await lm.get(key);
    expect(chunk?.metadata).toEqual(kv(bytes.length));
    expectBytes(chunk!.bytes, bytes);
    expect(await resp.call('DEL', `${key}metadata`)).toBe(1);
    expect(await lm.get(key)).toBeUndefined();
  });

  it('shows what was stored without metadata over HTTP and RESP to no lm:// client', async () => {
    const [one, two] = [newKey(), newKey()];
    await resp.call('SET', one, 'plain');
    const response = await fetch(`http://${address('http')}/v1/objects/${encodeURIComponent(two)}`, {
      method: 'PUT',
      body: 'plain',
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(response.status).toBe(200);
    for (const key of [one, two]) {
      expect(await lm.exists(key)).toBe(false);
      expect(await lm.get(key)).toBeUndefined();
    }
  });

  it('gives every door what another kvnest stored through its lm connector', async () => {
    await using world = new LmConnectorWorld(port('lm'));
    await world.connector.connect();
    const [key, bytes] = [newKey(), chunkBytes(100_000, 3)];
    expect(await world.put(key, bytes)).toBe('stored');
    expect(await resp.call('GET', `${key}metadata`)).toEqual(
      encodeRemoteMetadata(binaryMetadata(bytes.length)),
    );
    const response = await fetch(`http://${address('http')}/v1/objects/${encodeURIComponent(key)}`);
    expectBytes(Buffer.from(await response.arrayBuffer()), bytes);
    expectBytes((await lm.get(key))!.bytes, bytes);
  });

  it('counts each door for itself on the status page and in the metrics', async () => {
    const status = (await (await fetch(`http://${address('http')}/v1/status`)).json()) as {
      doors: { name: string }[];
    };
    expect(status.doors.map(({ name }) => name).sort()).toEqual(['http', 'lm', 'resp']);
    const metrics = await (await fetch(`http://${address('http')}/metrics`)).text();
    expect(metrics).toMatch(/door="lm"/);
  });
});
