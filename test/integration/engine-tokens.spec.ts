import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, map, toArray } from 'rxjs';
import { type PrefixIdentity, type PrefixRequest } from '../../src/modules/engine/cache-engine.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';

const KIB = 1024;
const withCode = (code: string): unknown => expect.objectContaining({ code });

describe('CacheEngine by tokens', () => {
  let test: TestEngine;
  beforeEach(async () => {
    test = await createTestEngine();
  });
  afterEach(async () => {
    expect(test.arena.usage().references).toBe(0);
    await test.close();
  });

  const tokens = (count: number, from = 0): Uint32Array =>
    Uint32Array.from({ length: count }, (_, i) => from + i);
  const request = (count: number, identity: Partial<PrefixIdentity> = {}): PrefixRequest => ({
    model: 'tiny/model',
    tokens: tokens(count),
    ...identity,
  });

  async function store(what: PrefixRequest, in_ = test): Promise<void> {
    for (const chunk of in_.engine.chunks(what)) {
      await put(in_, chunk.key, Buffer.alloc(10 * KIB, chunk.index + 1));
    }
  }

  async function retrieve(what: PrefixRequest, in_ = test): Promise<number[]> {
    const fills = in_.engine.retrieve(what).pipe(
      map(({ handle }) => {
        using open = handle;
        return open.views[0]?.[0] ?? -1;
      }),
      toArray(),
    );
    return firstValueFrom(fills);
  }

  it('finds the prefix that was stored, and only that', async () => {
    await store(request(1024));
    const longer = await test.engine.lookup(request(1500));
    expect(longer.hitTokens).toBe(1024);
    expect(longer.chunks.map(({ tokens: count, tier }) => [count, tier])).toEqual(
      Array.from({ length: 4 }, () => [256, 'memory']),
    );
    const other = { model: 'tiny/model', tokens: Uint32Array.from([...tokens(512), ...tokens(512, 5000)]) };
    expect((await test.engine.lookup(other)).hitTokens).toBe(512);
  });

  it('retrieves the chunks in order until the first that is missing', async () => {
    await store(request(2048));
    expect(await retrieve(request(2048))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const third = test.engine.chunks(request(2048))[2];
    if (third !== undefined) await test.engine.delete([third.key]);
    expect(await retrieve(request(2048))).toEqual([1, 2]);
  });

  it('never mixes models, ranks, groups and tenants', async () => {
    const identities: Partial<PrefixIdentity>[] = [
      {},
      { model: 'other/model' },
      { worldSize: 2, workerId: 1 },
      { worldSize: 2, workerId: 0 },
      { objectGroupId: 1 },
      { cacheSalt: 'tenant' },
    ];
    for (const keyFormat of ['object', 'engine'] as const) {
      const own = await createTestEngine({ config: { keyFormat } });
      const distinct = identities.filter(
        ({ objectGroupId }) => keyFormat === 'object' || objectGroupId === undefined,
      );
      for (const [index, identity] of distinct.entries()) {
        expect((await own.engine.lookup(request(256, identity))).hitTokens).toBe(0);
        const [chunk] = own.engine.chunks(request(256, identity));
        if (chunk !== undefined) await put(own, chunk.key, Buffer.alloc(KIB, index + 1));
      }
      for (const [index, identity] of distinct.entries()) {
        expect(await retrieve(request(256, identity), own)).toEqual([index + 1]);
      }
      await own.close();
    }
  });

  it('ignores a partial chunk unless told to save it', async () => {
    await store(request(300));
    expect((await test.engine.lookup(request(300))).hitTokens).toBe(256);
    const partial = await createTestEngine({ config: { savePartialChunks: true } });
    await store(request(300), partial);
    expect((await partial.engine.lookup(request(300))).hitTokens).toBe(300);
    expect((await partial.engine.lookup(request(299))).hitTokens).toBe(256);
    expect(await retrieve(request(300), partial)).toEqual([1, 2]);
    await partial.close();
  });

  it('names chunks as LMCache does', () => {
    const [object] = test.engine.chunks(request(256));
    expect(object?.key.toString()).toBe(
      'tiny/model@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4',
    );
  });

  it('names the chunk in front of each', () => {
    const chunks = test.engine.chunks(request(768));
    expect(chunks.map(({ parent }) => parent?.toString())).toEqual([
      undefined,
      chunks[0]?.key.toString(),
      chunks[1]?.key.toString(),
    ]);
  });

  it('finds by tokens what was stored by key', async () => {
    const key = 'tiny/model@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4';
    await put(test, ChunkKey.of(key), Buffer.alloc(100, 42));
    expect(await retrieve(request(256))).toEqual([42]);
  });

  it('keeps what a lookup pinned while more is stored than fits', async () => {
    await store(request(512));
    expect((await test.engine.pinPrefix(request(512))).hitTokens).toBe(512);
    for (let i = 0; i < 100; i++) await put(test, ChunkKey.of(`filler${i}`), Buffer.alloc(1024 * KIB));
    expect(await retrieve(request(512))).toEqual([1, 2]);
    expect(await test.engine.unpinPrefix(request(512))).toBe(2);
    for (let i = 0; i < 100; i++) await put(test, ChunkKey.of(`more${i}`), Buffer.alloc(1024 * KIB));
    expect(await retrieve(request(512))).toEqual([]);
  });

  it('leases what a lookup found until it is read', async () => {
    await store(request(512));
    await test.engine.lookup(request(512));
    for (let i = 0; i < 100; i++) await put(test, ChunkKey.of(`filler${i}`), Buffer.alloc(1024 * KIB));
    expect(await retrieve(request(512))).toEqual([1, 2]);
    for (let i = 0; i < 100; i++) await put(test, ChunkKey.of(`more${i}`), Buffer.alloc(1024 * KIB));
    expect(await retrieve(request(512))).toEqual([]);
  });

  it('removes a prefix', async () => {
    await store(request(1024));
    expect(await test.engine.removePrefix(request(512))).toBe(2);
    expect((await test.engine.lookup(request(1024))).hitTokens).toBe(0);
  });

  it('counts what happened', async () => {
    await store(request(1024));
    await test.engine.lookup(request(1500));
    await retrieve(request(1500));
    const { counters } = test.engine.status();
    expect(counters).toMatchObject({
      puts: 4,
      stored: 4,
      bytesIn: 40 * KIB,
      lookups: 1,
      lookupTokens: 1500,
      hitTokens: 1024,
      hits: 4,
      misses: 1,
      bytesOut: 40 * KIB,
    });
  });

  it.each([
    ['KV_INPUT_MODEL', { model: 'a@b' }],
    ['KV_INPUT_SALT', { cacheSalt: 'a@b' }],
    ['KV_INPUT_RANK', { workerId: 300 }],
  ])('refuses an identity that makes no key with %s', (code, identity) => {
    expect(() => test.engine.chunks(request(256, identity))).toThrow(withCode(code));
  });

  it('refuses puts once it drains, and still commits what was reserved', async () => {
    const reservation = await test.engine.reserve(ChunkKey.of('a'), 100);
    test.engine.beginDrain();
    expect(await put(test, ChunkKey.of('b'), Buffer.alloc(10))).toBe('draining');
    if ('refused' in reservation) throw new Error('expected a reservation');
    using open = reservation;
    expect(await open.commit({ checksum: 0 })).toEqual({ stored: true, tiers: ['memory'] });
  });

  it('gives the room of an abandoned reservation back', async () => {
    const before = test.arena.usage().freeBytes;
    const reservation = await test.engine.reserve(ChunkKey.of('a'), 1024 * KIB);
    if ('refused' in reservation) throw new Error('expected a reservation');
    expect(test.arena.usage().freeBytes).toBeLessThan(before);
    reservation[Symbol.dispose]();
    reservation[Symbol.dispose]();
    expect(test.arena.usage().freeBytes).toBe(before);
    expect(await test.engine.exists([ChunkKey.of('a')])).toEqual([undefined]);
  });

  it('refuses what could never fit, at once', async () => {
    expect(await put(test, ChunkKey.of('a'), Buffer.alloc(40 * 1024 * KIB))).toBe('too-large');
    expect(test.engine.status().counters.refused['too-large']).toBe(1);
  });

  it('refuses what would fit if it were not for its key, and has room for others after it', async () => {
    const { freeBytes } = test.arena.usage();
    const key = new ChunkKey(Buffer.alloc(4096, 'k'));
    expect(await put(test, key, Buffer.alloc(freeBytes - 4096))).toBe('too-large');
    expect(await put(test, key, Buffer.alloc(16 * 1024 * KIB))).toBe('stored');
  });

  it('has room for others after a reservation that broke its rules', async () => {
    const options = { metadataCapacityBytes: 4096 };
    const half = 12 * 1024 * KIB;
    expect(() => test.engine.reserve(ChunkKey.of('a'), half, options)).toThrow(withCode('KV_ARENA_REQUEST'));
    const reservation = await test.engine.reserve(ChunkKey.of('a'), half);
    if ('refused' in reservation) throw new Error('expected a reservation');
    {
      using open = reservation;
      const commit = (): unknown => open.commit({ checksum: 0, metadata: Buffer.alloc(1024) });
      expect(commit).toThrow(withCode('KV_ARENA_METADATA_TOO_LARGE'));
    }
    expect(await put(test, ChunkKey.of('b'), Buffer.alloc(half))).toBe('stored');
  });
});
