import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext } from '@nestjs/common';
import { type DoorLimits, type TierConfig } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { RespTestClient } from '../support/resp-client.js';

const MIB = 2 ** 20;
const KEYS = Array.from({ length: 8 }, (_, i) => `org/model@1@0@${(i + 1).toString(16)}@bfloat16`);
const DOOR: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: 64 * MIB,
  maxConnections: 100,
  bodyTimeoutMs: 10_000,
};

/** A whole server with a memory tier, and a client of its RESP door. */
class Server {
  private constructor(
    private readonly app: INestApplicationContext,
    readonly port: number,
    readonly client: RespTestClient,
  ) {}

  /** @param behind port of the RESP door of the server that is its second tier. */
  static async start(behind?: number): Promise<Server> {
    const memory: TierConfig = {
      name: 'memory',
      type: 'memory',
      capacityBytes: 48 * MIB,
      policy: 'LRU',
      options: {},
    };
    const url = `resp://127.0.0.1:${behind}`;
    const far: TierConfig = { ...memory, name: 'far', type: 'remote', capacityBytes: 0, url };
    const config = testConfig({
      arena: { capacityBytes: 48 * MIB, native: true },
      tiers: behind === undefined ? [memory] : [memory, far],
      doors: { ...NO_DOORS, resp: DOOR },
    });
    const app = await startServer(config);
    const [door] = app.get<DoorRegistry>(DOOR_REGISTRY).status();
    const port = Number(door?.address?.split(':').at(-1));
    return new Server(app, port, await RespTestClient.open(port));
  }

  async stop(): Promise<void> {
    this.client[Symbol.dispose]();
    await this.app.close();
  }
}

const bytesOf = (i: number): Buffer => chunkBytes(MIB + i, i);

async function expectValues({ client }: Server): Promise<void> {
  for (const [i, key] of KEYS.entries()) expectBytes((await client.call('GET', key)) as Buffer, bytesOf(i));
}

describe('a kvnest behind others, as their tier', () => {
  let back: Server;
  let front: Server;

  beforeEach(async () => {
    back = await Server.start();
    front = await Server.start(back.port);
    for (const [i, key] of KEYS.entries())
      expect(await front.client.call('SET', key, bytesOf(i))).toBe('+OK');
  });

  afterEach(async () => {
    await front.stop();
    await back.stop();
  });

  it('has what one of them was given, for all of them', async () => {
    const other = await Server.start(back.port);
    await front.stop();
    await expectValues(back);
    await expectValues(other);
    await other.stop();
    front = await Server.start(back.port);
    await expectValues(front);
  });

  it('forgets what one of them is told to forget', async () => {
    await front.stop();
    front = await Server.start(back.port);
    expect(await front.client.call('DEL', KEYS[0]!)).toBe(1);
    expect(await back.client.call('EXISTS', KEYS[0]!)).toBe(0);
    expect(await front.client.call('GET', KEYS[0]!)).toBeNull();
    expect(await front.client.call('EXISTS', ...KEYS)).toBe(KEYS.length - 1);
  });

  it('is missed by nobody who asks for what he has himself, and is no error for the others', async () => {
    await back.stop();
    await expectValues(front);
    expect(await front.client.call('GET', 'org/model@1@0@ff@bfloat16')).toBeNull();
    expect(await front.client.call('SET', 'org/model@1@0@ff@bfloat16', bytesOf(9))).toBe('+OK');
    expectBytes((await front.client.call('GET', 'org/model@1@0@ff@bfloat16')) as Buffer, bytesOf(9));
    back = await Server.start();
  });
});
