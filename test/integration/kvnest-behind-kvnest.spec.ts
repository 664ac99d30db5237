import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext } from '@nestjs/common';
import {
  type DoorLimits,
  type TcpDoorLimits,
  type TierConfig,
} from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { CACHE_ENGINE, type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { binaryMetadata, encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
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
const TCP_DOOR: TcpDoorLimits = { ...DOOR, heartbeatMs: 15_000, maxInFlight: 256, tls: undefined };

/** A whole server with a memory tier, and a client of its RESP door. */
class Server {
  private constructor(
    private readonly app: INestApplicationContext,
    /** For the tier of another one. */
    readonly url: string,
    readonly client: RespTestClient,
  ) {}

  /** @param behind the server that is its second tier. */
  static async start(behind?: Server): Promise<Server> {
    const memory: TierConfig = {
      name: 'memory',
      type: 'memory',
      capacityBytes: 48 * MIB,
      policy: 'LRU',
      options: {},
    };
    const far = { ...memory, name: 'far', type: 'remote', capacityBytes: 0 };
    const config = testConfig({
      arena: { capacityBytes: 48 * MIB, native: true },
      tiers: behind === undefined ? [memory] : [memory, { ...far, url: behind.url }],
      doors: { ...NO_DOORS, resp: DOOR, tcp: TCP_DOOR },
    });
    const app = await startServer(config);
    const portOf = (door: string): number => {
      const doors = app.get<DoorRegistry>(DOOR_REGISTRY).status();
      return Number(
        doors
          .find(({ name }) => name === door)
          ?.address?.split(':')
          .at(-1),
      );
    };
    return new Server(app, `kvnest://127.0.0.1:${portOf('tcp')}`, await RespTestClient.open(portOf('resp')));
  }

  get engine(): CacheEngine {
    return this.app.get<CacheEngine>(CACHE_ENGINE);
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

  /** Puts are answered when the memory of `front` has them. */
  const arrives = (key: string, at = back): Promise<void> =>
    expectEventually(async () => (await at.client.call('EXISTS', key)) === 1);

  beforeEach(async () => {
    back = await Server.start();
    front = await Server.start(back);
    for (const [i, key] of KEYS.entries())
      expect(await front.client.call('SET', key, bytesOf(i))).toBe('+OK');
  });

  afterEach(async () => {
    await front.stop();
    await back.stop();
  });

  it('has what one of them was given, for all of them', async () => {
    const other = await Server.start(back);
    await front.stop();
    await expectValues(back);
    await expectValues(other);
    await other.stop();
    front = await Server.start(back);
    await expectValues(front);
  });

  it('forgets what one of them is told to forget', async () => {
    await front.stop();
    front = await Server.start(back);
    expect(await front.client.call('DEL', KEYS[0]!)).toBe(1);
    expect(await back.client.call('EXISTS', KEYS[0]!)).toBe(0);
    expect(await front.client.call('GET', KEYS[0]!)).toBeNull();
    expect(await front.client.call('EXISTS', ...KEYS)).toBe(KEYS.length - 1);
    expect(await front.client.call('FLUSHDB')).toBe('+OK');
    expect(await back.client.call('DBSIZE')).toBe(0);
  });

  it('is missed by nobody who asks for what he has himself, and is no error for the others', async () => {
    await back.stop();
    await expectValues(front);
    expect(await front.client.call('GET', 'org/model@1@0@ff@bfloat16')).toBeNull();
    expect(await front.client.call('SET', 'org/model@1@0@ff@bfloat16', bytesOf(9))).toBe('+OK');
    expectBytes((await front.client.call('GET', 'org/model@1@0@ff@bfloat16')) as Buffer, bytesOf(9));
    back = await Server.start();
  });

  it('counts and lists for one that has nothing itself', async () => {
    await arrives(KEYS.at(-1)!);
    const other = await Server.start(back);
    try {
      expect(await other.client.call('DBSIZE')).toBe(KEYS.length);
      const found = new Set<string>();
      let cursor = '0';
      do {
        const [next, names] = (await other.client.call('SCAN', cursor, 'COUNT', '3')) as [Buffer, Buffer[]];
        cursor = String(next);
        for (const name of names) found.add(String(name));
      } while (cursor !== '0');
      expect([...found].sort()).toEqual(KEYS);
    } finally {
      await other.stop();
    }
  });

  it('keeps namespaces, metadata in the form of LMCache, and times of expiry', async () => {
    const [elsewhere, pair, passing] = ['elsewhere', 'org/model@1@0@ab@half', 'passing'];
    const metadata = encodeRemoteMetadata(binaryMetadata(5_000));
    await front.client.call('SELECT', '3');
    await front.client.call('SET', elsewhere, 'in three');
    await front.client.call('SELECT', '0');
    await front.client.call('SET', `${pair}kv_bytes`, chunkBytes(5_000));
    await front.client.call('SET', `${pair}metadata`, metadata);
    await front.client.call('SET', passing, 'for an hour', 'PX', '3600000');
    for (const key of [`${pair}metadata`, passing]) await arrives(key);
    await front.stop();
    front = await Server.start(back);
    for (const { client } of [front, back]) {
      expect(await client.call('EXISTS', `${pair}metadata`, `${pair}kv_bytes`, KEYS[0]!)).toBe(3);
      expect(await client.call('EXISTS', `${KEYS[0]!}metadata`)).toBe(0);
      expectBytes((await client.call('GET', `${pair}metadata`)) as Buffer, metadata);
      expectBytes((await client.call('GET', `${pair}kv_bytes`)) as Buffer, chunkBytes(5_000));
      expect(await client.call('GET', passing)).toEqual(Buffer.from('for an hour'));
      const ttl = (await client.call('TTL', passing)) as number;
      expect([ttl > 3_500, ttl <= 3_600]).toEqual([true, true]);
      expect(await client.call('EXISTS', elsewhere)).toBe(0);
      await client.call('SELECT', '3');
      expect(await client.call('GET', elsewhere)).toEqual(Buffer.from('in three'));
    }
  });

  it('learns of a time of expiry that is set later', async () => {
    await arrives(KEYS[0]!);
    expect(await front.client.call('EXPIRE', KEYS[0]!, '3600')).toBe(1);
    await expectEventually(async () => ((await back.client.call('TTL', KEYS[0]!)) as number) > 3_000);
  });

  it('knows how deep a chunk is in its prefix', async () => {
    const request = { model: 'tiny/model', tokens: new Uint32Array(4 * front.engine.chunkTokens) };
    const places = front.engine.chunks(request);
    for (const place of places) {
      const room = await front.engine.reserveChunk(place, 4);
      if ('refused' in room) throw new Error(room.refused);
      using reservation = room;
      reservation.views[0]?.fill('x');
      const checksum = front.engine.crc32c(Buffer.from('xxxx'));
      await reservation.commit({ checksum, depth: place.index, ack: 'all' });
    }
    using handle = (await back.engine.get(places[3]!.key))!;
    expect(handle.attributes.depth).toBe(3);
    expect((await back.engine.lookup(request)).hitTokens).toBe(request.tokens.length);
  });

  describe('and another one before them', () => {
    let first: Server;
    beforeEach(async () => {
      first = await Server.start(front);
    });
    afterEach(() => first.stop());

    it('gives what the last one has to the first, and takes what the first has to the last', async () => {
      await arrives(KEYS.at(-1)!);
      expect(await front.engine.clear()).toBeGreaterThan(0);
      for (const [i, key] of KEYS.entries())
        expect(await back.client.call('SET', key, bytesOf(i))).toBe('+OK');
      await expectValues(first);
      expect(await first.client.call('SET', 'new', bytesOf(20))).toBe('+OK');
      await arrives('new');
      expectBytes((await back.client.call('GET', 'new')) as Buffer, bytesOf(20));
      expect(await first.client.call('DEL', 'new')).toBe(1);
      for (const { client } of [front, back]) expect(await client.call('EXISTS', 'new')).toBe(0);
    });

    it('looks up a prefix through all of them', async () => {
      const request = { model: 'tiny/model', tokens: new Uint32Array(3 * first.engine.chunkTokens) };
      for (const { key } of back.engine.chunks(request))
        await back.client.call('SET', key.bytes, Buffer.from('x'));
      expect((await first.engine.lookup(request)).hitTokens).toBe(request.tokens.length);
    });

    it('goes on without the one in the middle', async () => {
      await arrives(KEYS.at(-1)!);
      expectBytes((await first.client.call('GET', KEYS[0]!)) as Buffer, bytesOf(0));
      await front.stop();
      expectBytes((await first.client.call('GET', KEYS[0]!)) as Buffer, bytesOf(0));
      expect(await first.client.call('GET', KEYS[1]!)).toBeNull();
      expect(await first.engine.get(ChunkKey.of('none'))).toBeUndefined();
      front = await Server.start(back);
    });
  });
});
