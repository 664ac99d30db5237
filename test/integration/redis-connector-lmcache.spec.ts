import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { startServer } from '../../src/main.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../../src/modules/doors/door-registry.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { chunkBytes, expectBytes, sealedChunk } from '../contracts/chunks/chunk-bytes.js';
import { NO_DOORS, testConfig } from '../support/engine.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';

const run = promisify(execFile);
const PYTHON = fileURLToPath(new URL('../../.cache/venv/bin/python', import.meta.url));
const MIB = 1024 * 1024;
const STEM = 'Qwen/Qwen3-8B@1@0@3f1c';

/**
 * What LMCache's RedisConnector does, in its order: RemoteMetadata is `length, format, dtype, four dimensions`, all
 * int32. `put` writes chunks, `get` reads them and what it finds must be what `put` writes.
 */
const LMCACHE = `
import asyncio, struct, sys
import redis.asyncio as redis
mode, url, stem = sys.argv[1:4]
count = int(sys.argv[4])
SHAPE, BFLOAT16, KV_2LTD = (2, 4, 256, 64), 3, 1
LENGTH = 2 * 4 * 256 * 64 * 2
def chunk(i): return bytes((i * 7 + j) % 251 for j in range(4096)) * (LENGTH // 4096)
def metadata(): return struct.pack('7i', LENGTH, KV_2LTD, BFLOAT16, *SHAPE)
async def put(r, key, i):
    await r.set(key + 'kv_bytes', chunk(i))
    await r.set(key + 'metadata', metadata())
async def get(r, key, i):
    assert await r.exists(key + 'metadata') == 1, key
    header = await r.get(key + 'metadata')
    length, fmt, dtype, *shape = struct.unpack_from('7i', header)
    assert (length, fmt, dtype, tuple(shape)) == (LENGTH, KV_2LTD, BFLOAT16, SHAPE), header
    view = memoryview(bytearray(length))
    view[:length] = await r.get(key + 'kv_bytes')
    assert view == chunk(i), key
async def main():
    r = redis.Redis.from_pool(redis.ConnectionPool.from_url(url, max_connections=150))
    work = put if mode == 'put' else get
    await asyncio.gather(*[work(r, f'{stem}{i:x}@bfloat16', i) for i in range(count)])
    await r.aclose()
asyncio.run(main())
`;

const CHUNKS = 8;
const CHUNK_BYTES = 2 * 4 * 256 * 64 * 2;
const METADATA = encodeRemoteMetadata({
  lengthBytes: CHUNK_BYTES,
  format: 1,
  groups: [{ dtype: 3, shape: [2, 4, 256, 64] }],
});
const keyOf = (i: number): string => `${STEM}${i.toString(16)}@bfloat16`;
const bytesOf = (i: number): Buffer =>
  Buffer.alloc(CHUNK_BYTES, Buffer.from(Array.from({ length: 4096 }, (_, j) => (i * 7 + j) % 251)));

const missing =
  missingCommand('redis-server', ['--version']) ?? missingCommand(PYTHON, ['-c', 'import redis']);

describeWithPeer(missing)('One Redis for LMCache and kvnest', () => {
  let server: RedisServer;
  let redis: Redis;
  let url: string;

  const lmcache = (mode: 'put' | 'get', at: string): Promise<unknown> =>
    run(PYTHON, ['-c', LMCACHE, mode, at, STEM, String(CHUNKS)]);

  beforeAll(async () => {
    server = await RedisServer.start();
    url = `redis://127.0.0.1:${server.port}`;
    redis = new Redis(server.port, '127.0.0.1');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => redis.flushall());

  async function inWorld(at: string, test: (world: RemoteWorld) => Promise<void>): Promise<void> {
    const world = await RemoteWorld.open(at);
    try {
      await test(world);
    } finally {
      expect(await world.close()).toBe(0);
    }
  }

  it('reads what LMCache stored, and names it', () =>
    inWorld(url, async (world) => {
      await lmcache('put', url);
      for (let i = 0; i < CHUNKS; i++) {
        const outcome = await world.read(ChunkKey.of(keyOf(i)));
        if (typeof outcome === 'string') throw new Error(outcome);
        expectBytes(outcome.bytes, bytesOf(i));
        expect(outcome.metadata.equals(METADATA)).toBe(true);
      }
      const { keys } = await world.connector.list('', 1_000);
      expect(keys.map(String).sort()).toEqual(Array.from({ length: CHUNKS }, (_, i) => keyOf(i)).sort());
    }));

  it('stores what LMCache reads, to the byte', () =>
    inWorld(url, async (world) => {
      for (let i = 0; i < CHUNKS; i++) {
        await world.put({ key: ChunkKey.of(keyOf(i)), bytes: bytesOf(i), metadata: METADATA });
      }
      await lmcache('get', url);
      expect((await redis.keys('*')).sort()).toEqual(
        Array.from({ length: CHUNKS }, (_, i) => [`${keyOf(i)}kv_bytes`, `${keyOf(i)}metadata`])
          .flat()
          .sort(),
      );
      expect(METADATA.equals((await redis.getBuffer(`${keyOf(0)}metadata`))!)).toBe(true);
      expectBytes((await redis.getBuffer(`${keyOf(0)}kv_bytes`))!, bytesOf(0));
    }));

  it('says of bytes without a shape that they are bytes', () =>
    inWorld(url, async (world) => {
      for (const metadata of [undefined, Buffer.from('not of LMCache'), METADATA]) {
        await world.put({ key: ChunkKey.of('plain'), bytes: chunkBytes(700), ...(metadata && { metadata }) });
        const struct = (await redis.getBuffer('plainmetadata'))!;
        expect(Array.from({ length: 7 }, (_, i) => struct.readInt32LE(4 * i))).toEqual([
          700, 5, 6, 700, 0, 0, 0,
        ]);
      }
    }));

  it('keeps sealed chunks and pairs apart', () =>
    inWorld(`${url}?layout=sealed`, async (world) => {
      await lmcache('put', url);
      for (let i = 0; i < CHUNKS; i++) expect(await world.read(ChunkKey.of(keyOf(i)))).toBe('miss');
      await world.put({ key: ChunkKey.of(keyOf(0)), bytes: chunkBytes(5) });
      await world.put({ key: ChunkKey.of(`${keyOf(0)}metadata`), bytes: chunkBytes(6) });
      await lmcache('get', url);
      expect((await world.connector.list('', 1_000)).keys).toHaveLength(2);
      await inWorld(url, async (pairs) => {
        expect((await pairs.connector.list('', 1_000)).keys).toHaveLength(CHUNKS);
      });
    }));

  it('gives both keys the time at which the chunk expires, and reads it back', () =>
    inWorld(url, async (world) => {
      const expiresAtMs = Date.now() + 3_600_000;
      using chunk = sealedChunk(world.arena, world.space, { key: ChunkKey.of('timed'), expiresAtMs });
      await world.connector.put(chunk);
      for (const half of ['timedkv_bytes', 'timedmetadata']) {
        expect(await redis.call('PEXPIRETIME', half)).toBe(expiresAtMs);
      }
      using handle = (await world.connector.get(chunk.key)) as ArenaHandle;
      const leftMs = handle.attributes.expiresAtMs - world.clock.nowMs();
      expect(leftMs).toBeGreaterThan(3_500_000);
      expect(leftMs).toBeLessThanOrEqual(3_600_000);
    }));

  /** The whole server: engine, doors, memory, and Redis as the tier behind it. */
  async function withServer(test: (ports: { resp: number; http: number }) => Promise<void>): Promise<void> {
    const limits = {
      host: '127.0.0.1',
      port: 0,
      maxValueBytes: 16 * MIB,
      maxConnections: 200,
      bodyTimeoutMs: 5_000,
    };
    const app = await startServer(
      testConfig({
        logLevel: 'error',
        doors: { ...NO_DOORS, http: limits, resp: limits },
        tiers: [
          { name: 'memory', type: 'memory', capacityBytes: 24 * MIB, policy: 'LRU', options: {} },
          { name: 'far', type: 'remote', capacityBytes: 0, policy: 'LRU', url, options: {} },
        ],
      }),
    );
    try {
      await test({ resp: portOf(app, 'resp'), http: portOf(app, 'http') });
    } finally {
      await app.close();
    }
  }

  function portOf(app: INestApplicationContext, name: string): number {
    const door = app
      .get<DoorRegistry>(DOOR_REGISTRY)
      .status()
      .find((status) => status.name === name);
    return Number(door!.address!.split(':').at(-1));
  }

  it('a server serves at its doors what LMCache stored in Redis', () =>
    lmcache('put', url).then(() =>
      withServer(async ({ resp, http }) => {
        await lmcache('get', `redis://127.0.0.1:${resp}`);
        const response = await fetch(`http://127.0.0.1:${http}/v1/objects/${encodeURIComponent(keyOf(3))}`);
        expectBytes(Buffer.from(await response.arrayBuffer()), bytesOf(3));
      }),
    ));

  it('LMCache reads from Redis what was stored at the doors of a server', async () => {
    await withServer(async ({ resp, http }) => {
      await lmcache('put', `redis://127.0.0.1:${resp}`);
      await fetch(`http://127.0.0.1:${http}/v1/objects/plain`, { method: 'PUT', body: chunkBytes(700) });
    });
    await lmcache('get', url);
    expectBytes((await redis.getBuffer('plainkv_bytes'))!, chunkBytes(700));
  });
});
