import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { zstdCodec } from '../../src/codecs/zstd.codec.js';
import {
  type CompressionProgress,
  type CompressRequest,
} from '../../src/modules/compression/compression.interface.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ELEMENT_TYPE_CODES } from '../../src/protocols/remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../../src/protocols/remote-metadata/memory-format.js';
import { encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { kvNumbers, worstError } from '../support/kv-numbers.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const BYTES = 300 * 1024;
const INT8: CompressRequest = { tier: 'memory', codec: 'int8', maxError: 0.01 };
const ZSTD: CompressRequest = { tier: 'memory', codec: 'zstd' };

function metadata(dtype: keyof typeof ELEMENT_TYPE_CODES): Buffer {
  const shape = [2, 1, BYTES / 512, 128];
  const groups = [{ dtype: ELEMENT_TYPE_CODES[dtype], shape }];
  return encodeRemoteMetadata({ lengthBytes: BYTES, format: MEMORY_FORMATS.KV_2LTD, groups });
}

const BF16 = metadata('bfloat16');

describe('compress and decompress', () => {
  let test: TestEngine;
  let far: ScriptedBackend;
  let path: string;
  const keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));
  const a = keys[0]!;
  const numbers = keys.map((_, index) => kvNumbers(BYTES, index));

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'kvnest-compress-'));
    test = await createTestEngine({
      tiers: (parts) => [
        new DiskBackend({
          ...parts,
          ...{ name: 'disk', path, capacityBytes: 32 * 2 ** 20 },
          ...{ policy: lruPolicy, logger: new RecordingLogger() },
        }),
        (far = new ScriptedBackend('far', parts)),
      ],
    });
    for (const [index, key] of keys.entries()) {
      await put(test, key, numbers[index]!, { ack: 'all', metadata: BF16 });
    }
  });

  afterEach(async () => {
    far.release();
    await test.engine.settled();
    await expectEventually(() => test.arena.usage().references === 0);
    await test.close();
    await rm(path, { recursive: true });
  });

  const compress = (request: CompressRequest, what = keys): Promise<CompressionProgress> =>
    lastValueFrom(test.engine.compress(what, request));
  const decompress = (tier: string, what = keys): Promise<CompressionProgress> =>
    lastValueFrom(test.engine.decompress(what, { tier }));

  async function only(tier: string): Promise<void> {
    for (const { name, backend } of test.stack.tiers) if (name !== tier) await backend.clear();
  }

  async function stored(tier: string, key = a): Promise<{ lengthBytes: number; form: object }> {
    const backend = test.stack.tiers.find(({ name }) => name === tier)!.backend;
    const outcome = await backend.inPlace!.peek(key);
    if (typeof outcome === 'string') throw new Error(outcome);
    using handle = outcome;
    return { lengthBytes: handle.lengthBytes, form: handle.form };
  }

  it.each(['memory', 'disk'])('gives back what was put, and takes less, in %s', async (tier) => {
    const before = test.engine.status().tiers.find(({ name }) => name === tier)!.usedBytes;
    const end = await compress({ ...ZSTD, tier });
    expect(end).toMatchObject({ state: 'done', total: 3, compressed: 3, there: 0, missing: 0, kept: 0 });
    expect(end.bytesBefore).toBe(3 * BYTES);
    expect(end.bytesAfter).toBeLessThan(0.8 * end.bytesBefore);
    const after = test.engine.status().tiers.find(({ name }) => name === tier)!.usedBytes;
    expect(after).toBeLessThan(0.85 * before);
    await only(tier);
    for (const [index, key] of keys.entries()) {
      using handle = (await test.engine.get(key))!;
      expect(Buffer.concat(handle.views).equals(numbers[index]!)).toBe(true);
      expect(handle.metadata.equals(BF16)).toBe(true);
      expect(handle.checksum).toBe(test.engine.crc32c(numbers[index]!));
      expect(handle.form).toEqual({ encoded: false, loss: 'none' });
    }
    expect(await compress({ ...ZSTD, tier })).toMatchObject({ compressed: 0, there: 3 });
    expect(await decompress(tier)).toMatchObject({ state: 'done', decompressed: 3, bytesAfter: 3 * BYTES });
    expect(await decompress(tier)).toMatchObject({ decompressed: 0, there: 3 });
    expect((await get(test, a))?.equals(numbers[0]!)).toBe(true);
    expect(test.engine.status().compression).toMatchObject({
      ...{ compressedChunks: 3, decompressedChunks: 3, savedBytes: 0 },
    });
  });

  it('leaves a chunk as it is when the codec fails', async () => {
    const fails = { ...zstdCodec, encode: () => Promise.reject(new Error('out of order')) };
    const options = { tier: test.stack.tiers[0]!, codec: fails, type: undefined };
    expect(await test.stack.recode(a, options)).toMatchObject({ outcome: 'failed', bytesAfter: BYTES });
    expect((await get(test, a))?.equals(numbers[0]!)).toBe(true);
    expect(await compress(ZSTD)).toMatchObject({ compressed: 3 });
  });

  it('promotes what was put, and leaves the compressed one where it is', async () => {
    await compress({ ...ZSTD, tier: 'disk' });
    await only('disk');
    expect((await get(test, a))?.equals(numbers[0]!)).toBe(true);
    expect((await stored('memory')).form).toMatchObject({ encoded: false });
    expect((await stored('disk')).form).toMatchObject({ encoded: true });
  });

  it.each([
    ['int8', 0.008],
    ['fp8', 0.04],
  ])('keeps to the error of %s, and never forgets that there is one', async (codec, bound) => {
    const request = { tier: 'disk', codec, maxError: bound };
    const end = await compress(request);
    expect(end).toMatchObject({ compressed: 3 });
    expect(end.bytesAfter / end.bytesBefore).toBeCloseTo(132 / 256, 2);
    await only('disk');
    using handle = (await test.engine.get(a))!;
    const restored = Buffer.concat(handle.views);
    const error = worstError(numbers[0]!, restored);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThanOrEqual(bound);
    expect(handle.form).toEqual({ encoded: false, loss: codec });
    expect(handle.checksum).toBe(test.engine.crc32c(restored));
    expect((await stored('memory')).form).toEqual({ encoded: false, loss: codec });
    // Another store that others see does not get it, and no codec adds to the error.
    expect(await lastValueFrom(test.engine.move([a], { to: 'far', copy: true }))).toMatchObject({ kept: 1 });
    const other = { tier: 'memory', codec: codec === 'int8' ? 'fp8' : 'int8', maxError: 1 };
    expect(await compress(other, [a])).toMatchObject({ kept: 1, reasons: { loss: 1 } });
    expect(await compress({ ...request, tier: 'memory' }, [a])).toMatchObject({ compressed: 1 });
    expect(await compress(ZSTD, [a])).toMatchObject({ kept: 1, reasons: { larger: 1 } });
    expect(await decompress('memory', [a])).toMatchObject({ decompressed: 1 });
    expect(await compress(ZSTD, [a])).toMatchObject({ compressed: 1 });
    expect((await stored('memory')).form).toEqual({ encoded: true, loss: codec });
    expect((await get(test, a))?.equals(restored)).toBe(true);
    await put(test, a, numbers[0]!);
    expect((await stored('memory')).form).toEqual({ encoded: false, loss: 'none' });
  });

  it('loses nothing without leave', () => {
    const refuse = (request: CompressRequest, code: string): void =>
      expect(() => test.engine.compress(keys, request)).toThrow(expect.objectContaining({ code }));
    refuse({ tier: 'memory', codec: 'int8' }, 'KV_CODEC_LOSS');
    refuse({ tier: 'memory', codec: 'int8', maxError: 0.0079 }, 'KV_CODEC_LOSS');
    refuse({ tier: 'memory', codec: 'fp8', maxError: NaN }, 'KV_CODEC_LOSS');
    refuse({ tier: 'memory', codec: 'none' }, 'KV_COMPRESS_OPTIONS');
    refuse({ tier: 'memory', codec: 'gzip' }, 'KV_COMPRESS_OPTIONS');
    refuse({ tier: 'far', codec: 'zstd' }, 'KV_COMPRESS_OPTIONS');
    refuse({ tier: 'nowhere', codec: 'zstd' }, 'KV_COMPRESS_OPTIONS');
    refuse({ ...INT8, dtype: 'half' }, 'KV_COMPRESS_OPTIONS');
    expect(() => test.engine.decompress(keys, { tier: 'far' })).toThrow(
      expect.objectContaining({ code: 'KV_COMPRESS_OPTIONS' }),
    );
  });

  it('says why chunks stay as they are', async () => {
    const noise = new SeededRandom(7).bytes(BYTES);
    const nan = Buffer.from(numbers[0]!);
    nan.writeUInt16LE(0x7fc0, 2 * 5000);
    const [untyped, odd, broken, random] = ['untyped', 'odd', 'broken', 'random'].map((name) =>
      ChunkKey.of(name),
    );
    await put(test, untyped!, numbers[0]!);
    await put(test, odd!, numbers[0]!, { metadata: metadata('uint8') });
    await put(test, broken!, nan, { metadata: BF16 });
    await put(test, random!, noise, { metadata: BF16 });
    const all = [untyped!, odd!, broken!, ChunkKey.of('never')];
    expect(await compress(INT8, all)).toMatchObject({
      ...{ compressed: 0, missing: 1, kept: 3, reasons: { type: 2, unfit: 1 } },
    });
    expect(await compress(ZSTD, [random!])).toMatchObject({ kept: 1, reasons: { larger: 1 } });
    expect(await compress({ ...INT8, dtype: 'bfloat16' }, [untyped!, odd!])).toMatchObject({
      ...{ compressed: 1, kept: 1 },
    });
    expect((await get(test, broken!))?.equals(nan)).toBe(true);
  });

  it('takes no bytes for a compressed chunk because they look like one', async () => {
    await compress(ZSTD);
    const memory = test.stack.tiers[0]!.backend;
    using encoded = (await memory.inPlace!.peek(a)) as Exclude<
      Awaited<ReturnType<typeof memory.get>>,
      string
    >;
    const looks = Buffer.concat(encoded.views);
    await put(test, ChunkKey.of('looks'), looks);
    expect((await get(test, ChunkKey.of('looks')))?.equals(looks)).toBe(true);
  });

  it('brings a compressed chunk as it is where that is known, and else what was put', async () => {
    await compress(ZSTD, [a]);
    await test.stack.tiers[1]!.backend.remove(a);
    await far.remove(a);
    expect(await lastValueFrom(test.engine.move([a], { to: 'disk', copy: true }))).toMatchObject({
      moved: 1,
    });
    expect((await stored('disk')).form).toEqual({ encoded: true, loss: 'none' });
    expect(await lastValueFrom(test.engine.move([a], { to: 'far' }))).toMatchObject({ moved: 1 });
    expect(far.copies.get(a.id)!.bytes.equals(numbers[0]!)).toBe(true);
  });

  it('gives all readers at a time one decoded chunk', async () => {
    await compress(ZSTD);
    const { decodedChunks } = test.engine.status().compression;
    const handles = await Promise.all(Array.from({ length: 20 }, async () => test.engine.get(a)));
    expect(new Set(handles.map((handle) => handle!.slot)).size).toBe(1);
    expect(Buffer.concat(handles[3]!.views).equals(numbers[0]!)).toBe(true);
    for (const handle of handles) handle![Symbol.dispose]();
    expect(test.engine.status().compression.decodedChunks).toBe(decodedChunks + 1);
  });

  it('gives who reads a chunk that was written meanwhile, and compressed, what was written', async () => {
    const long = Buffer.concat(Array.from({ length: 40 }, () => numbers[0]!));
    const short = kvNumbers(BYTES, 50);
    await put(test, a, long);
    await compress(ZSTD, [a]);
    let isRead = false;
    const before = Promise.resolve(get(test, a)).finally(() => (isRead = true));
    await put(test, a, short);
    await compress(ZSTD, [a]);
    // What was there is being decoded still: who reads now does not join it.
    expect(isRead).toBe(false);
    expect((await get(test, a))?.equals(short)).toBe(true);
    expect((await before)?.equals(long)).toBe(true);
  });

  it('lets a put meanwhile win', async () => {
    for (const tier of ['memory', 'disk']) {
      const end = compress({ ...ZSTD, tier }, [a]);
      await new Promise(setImmediate);
      const fresh = kvNumbers(BYTES, 99);
      await put(test, a, fresh, { ack: 'all' });
      expect(await end).toMatchObject({ compressed: 0, kept: 1, reasons: { changed: 1 } });
      expect((await get(test, a))?.equals(fresh)).toBe(true);
      expect((await stored(tier)).form).toEqual({ encoded: false, loss: 'none' });
    }
  });

  it('does not bring back what is removed meanwhile, nor keep what expires', async () => {
    for (const tier of ['memory', 'disk']) {
      const end = compress({ ...ZSTD, tier }, keys);
      await new Promise(setImmediate);
      await test.engine.delete(keys);
      await end;
      for (const key of keys) expect(await get(test, key)).toBeUndefined();
      for (const [index, key] of keys.entries()) await put(test, key, numbers[index]!, { ack: 'all' });
    }
    const late = compress(ZSTD, [a]);
    await new Promise(setImmediate);
    await test.engine.expire(a, Date.now() + 60_000);
    await late;
    expect(await test.engine.expiresAtMs(a)).toBeGreaterThan(Date.now());
    expect((await get(test, a))?.equals(numbers[0]!)).toBe(true);
  });

  it('tells every step, and ends between two chunks when nobody listens any more', async () => {
    const steps = await lastValueFrom(test.engine.compress(keys, ZSTD).pipe(toArray()));
    expect(steps.map(({ compressed }) => compressed)).toEqual([0, 1, 2, 3, 3]);
    expect(steps.map(({ state }) => state)).toEqual([...Array<string>(4).fill('compressing'), 'done']);
    const many = Array.from({ length: 40 }, () => keys).flat();
    let seen = 0;
    await new Promise<void>((resolve) => {
      const subscription = test.engine.compress(many, { ...ZSTD, tier: 'disk' }).subscribe(() => {
        if (++seen === 3) {
          subscription.unsubscribe();
          resolve();
        }
      });
    });
    await test.engine.settled();
    expect(seen).toBe(3);
    await only('disk');
    for (const [index, key] of keys.entries())
      expect((await get(test, key))?.equals(numbers[index]!)).toBe(true);
  });

  it('ends with the server', async () => {
    const end = compress(ZSTD, Array.from({ length: 200 }, () => keys).flat());
    test.engine.beginDrain();
    expect(await end).toMatchObject({ state: 'cancelled' });
  });

  it('says what is corrupt, and falls back to another tier', async () => {
    await compress(ZSTD, [a]);
    const memory = test.stack.tiers[0]!.backend;
    using encoded = (await memory.inPlace!.peek(a)) as Exclude<
      Awaited<ReturnType<typeof memory.get>>,
      string
    >;
    encoded.views[0]!.writeUInt8(0xff, 30_000);
    encoded.views[0]!.fill(0xee, 40_000, 41_000);
    expect((await get(test, a))?.equals(numbers[0]!)).toBe(true);
    expect((await stored('memory')).form).toMatchObject({ encoded: false });
  });
});

describe('with an arena that is nearly full', () => {
  it('decoding waits for room as loads do, and nothing is lost for good', async () => {
    const test = await createTestEngine({ arenaBytes: 6 * 2 ** 20, config: { leaseMs: 2_000 } });
    const keys = Array.from({ length: 8 }, (_, index) => ChunkKey.of(`chunk${index}`));
    for (const [index, key] of keys.entries()) await put(test, key, kvNumbers(512 * 1024, index));
    const end = await lastValueFrom(test.engine.compress(keys, ZSTD));
    expect(end.compressed + end.missing + end.kept).toBe(8);
    expect(end.compressed).toBeGreaterThan(5);
    const there = await test.engine.pin(keys);
    const [first, last] = [keys[there.indexOf(true)]!, keys.at(-1)!];
    const held: Disposable[] = [];
    while (test.arena.usage().freeBytes > 520 * 1024) held.push((await test.engine.get(first))!);
    let isRead = false;
    const reads = Promise.all(Array.from({ length: 4 }, async () => test.engine.get(last))).finally(
      () => (isRead = true),
    );
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(isRead).toBe(false);
    for (const handle of held) handle[Symbol.dispose]();
    for (const handle of await reads) {
      expect(Buffer.concat(handle!.views).equals(kvNumbers(512 * 1024, 7))).toBe(true);
      handle![Symbol.dispose]();
    }
    expect(test.arena.usage().references).toBe(0);
    await test.close();
  });
});
