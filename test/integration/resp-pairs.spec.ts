import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { expectEventually } from '../support/eventually.js';
import { ManualClock } from '../support/clock.js';
import { get, put } from '../support/engine.js';
import { RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor } from '../support/resp-door.js';

const MIB = 1024 * 1024;
const STEM = 'org/model@1@0@abc@bfloat16';
const BYTES = `${STEM}kv_bytes`;
const METADATA = `${STEM}metadata`;
const OLD = Buffer.alloc(5000, 'old');
const NEW = Buffer.alloc(6000, 'new');
const META = Buffer.alloc(28, 7);

describe('RESP door: a chunk under two keys', () => {
  let server: TestRespDoor;
  let clock: ManualClock;
  let one: RespTestClient;
  let other: RespTestClient;

  beforeEach(async () => {
    clock = new ManualClock();
    server = await createTestRespDoor({ clock, arenaBytes: 32 * MIB });
    one = await RespTestClient.open(server.port);
    other = await RespTestClient.open(server.port);
  });

  afterEach(async () => {
    one[Symbol.dispose]();
    other[Symbol.dispose]();
    await server.close();
  });

  async function expectPair(bytes: Buffer, metadata = META): Promise<void> {
    expect(await other.call('EXISTS', METADATA)).toBe(1);
    expect(await other.call('EXISTS', BYTES, METADATA)).toBe(2);
    expect(metadata.equals((await other.call('GET', METADATA)) as Buffer)).toBe(true);
    expect(bytes.equals((await other.call('GET', BYTES)) as Buffer)).toBe(true);
  }

  async function expectNoPair(): Promise<void> {
    expect(await other.call('EXISTS', BYTES, METADATA)).toBe(0);
    expect(await other.call('MGET', BYTES, METADATA)).toEqual([null, null]);
    expect(await other.call('STRLEN', BYTES)).toBe(0);
    expect(await other.call('TYPE', METADATA)).toBe('+none');
    expect(await other.call('TTL', METADATA)).toBe(-2);
  }

  it.each([
    ['bytes first', [BYTES, METADATA]],
    ['metadata first', [METADATA, BYTES]],
  ])('is there only when both halves are: %s', async (_, order) => {
    await expectNoPair();
    for (const [index, name] of order.entries()) {
      if (index > 0) await expectNoPair();
      expect(await one.call('SET', name, name === BYTES ? NEW : META)).toBe('+OK');
    }
    await expectPair(NEW);
    expect(await one.call('STRLEN', BYTES)).toBe(NEW.length);
    expect(await one.call('STRLEN', METADATA)).toBe(META.length);
    expect(await one.call('TYPE', METADATA)).toBe('+string');
    expect(server.references()).toBe(0);
  });

  it('takes its halves from different connections', async () => {
    await one.call('SET', BYTES, NEW);
    await other.call('SET', METADATA, META);
    await expectPair(NEW);
  });

  it('keeps the old pair until both new halves are there', async () => {
    await one.call('SET', BYTES, OLD);
    await one.call('SET', METADATA, META);
    await one.call('SET', BYTES, NEW);
    await expectPair(OLD);
    const newer = Buffer.alloc(28, 9);
    await one.call('SET', METADATA, newer);
    await expectPair(NEW, newer);
  });

  it('is the object that the engine has under the stem', async () => {
    await one.call('SET', BYTES, NEW);
    await one.call('SET', METADATA, META);
    expect((await get(server, ChunkKey.of(STEM)))?.equals(NEW)).toBe(true);
    expect(NEW.equals((await one.call('GET', STEM)) as Buffer)).toBe(true);
    expect(await one.call('DBSIZE')).toBe(1);
  });

  it('is not there for a chunk without metadata', async () => {
    await one.call('SET', STEM, OLD);
    await expectNoPair();
    await put(server, ChunkKey.of(STEM), NEW);
    await expectNoPair();
    expect(await one.call('DEL', METADATA)).toBe(0);
    expect(await one.call('EXISTS', STEM)).toBe(1);
  });

  it('goes with either half', async () => {
    for (const names of [[METADATA], [BYTES], [BYTES, METADATA]]) {
      await one.call('SET', BYTES, NEW);
      await one.call('SET', METADATA, META);
      expect(await one.call('DEL', ...names, ...names)).toBe(names.length);
      await expectNoPair();
    }
  });

  it('has metadata to delete after its bytes are gone, and may get new bytes', async () => {
    await one.call('SET', BYTES, OLD);
    await one.call('SET', METADATA, META);
    expect(await one.call('DEL', BYTES)).toBe(1);
    expect(await one.call('DEL', METADATA)).toBe(1);
    expect(await one.call('DEL', METADATA)).toBe(0);
    await one.call('SET', BYTES, OLD);
    await one.call('SET', METADATA, META);
    await one.call('DEL', BYTES);
    await one.call('SET', BYTES, NEW);
    await expectPair(NEW);
  });

  it('expires as one, at the earlier of the two times', async () => {
    await one.call('SET', BYTES, NEW, 'EX', '100');
    await one.call('SET', METADATA, META, 'EX', '50');
    expect(await one.call('TTL', BYTES)).toBe(50);
    expect(await one.call('EXPIRE', BYTES, '200')).toBe(1);
    expect(await one.call('TTL', METADATA)).toBe(200);
    clock.advance(200_000);
    await expectNoPair();
  });

  it('is set only when absent, half by half', async () => {
    expect(await one.call('SET', BYTES, NEW, 'NX')).toBe('+OK');
    expect(await one.call('SET', BYTES, OLD, 'NX')).toBeNull();
    expect(await one.call('SET', METADATA, META, 'NX')).toBe('+OK');
    expect(await one.call('SET', METADATA, META, 'NX')).toBeNull();
    expect(await one.call('SET', BYTES, OLD, 'NX')).toBeNull();
    await expectPair(NEW);
  });

  it('is listed under both names, and a plain chunk under its own', async () => {
    await one.call('SET', BYTES, NEW);
    await one.call('SET', METADATA, META);
    await one.call('SET', 'org/model@1@0@def@bfloat16', NEW);
    await one.call('SET', 'plain', NEW);
    const [cursor, names] = (await one.call('SCAN', '0', 'COUNT', '100')) as [Buffer, Buffer[]];
    expect(cursor.toString()).toBe('0');
    expect(names.map(String).sort()).toEqual([BYTES, METADATA, 'org/model@1@0@def@bfloat16', 'plain'].sort());
  });

  it('has nothing to do with a key of few parts', async () => {
    await one.call('SET', 'a@b@c@dmetadata', 'm');
    expect(await one.call('GET', 'a@b@c@dmetadata')).toEqual(Buffer.from('m'));
  });

  it('lives in one database', async () => {
    await one.call('SET', BYTES, NEW);
    await one.call('SELECT', '1');
    await one.call('SET', METADATA, META);
    await one.call('FLUSHDB');
    await one.call('SELECT', '0');
    await one.call('SET', METADATA, META);
    await expectPair(NEW);
  });

  it('is dropped as a whole when its bytes were not admitted', async () => {
    await one.call('SET', BYTES, OLD);
    await one.call('SET', METADATA, META);
    expect(await one.call('SET', BYTES, Buffer.alloc(40 * MIB))).toBe('+OK');
    expect(await one.call('SET', METADATA, META)).toBe('+OK');
    await expectNoPair();
    expect(server.counter('dropped_too_large')).toBe(1);
    expect(server.counter('dropped_pair_incomplete')).toBe(1);
    await one.call('SET', BYTES, NEW);
    await one.call('SET', METADATA, META);
    await expectPair(NEW);
  });

  it('is dropped when its metadata is too long', async () => {
    await one.call('SET', BYTES, OLD);
    expect(await one.call('SET', METADATA, Buffer.alloc(1025))).toBe('+OK');
    await expectNoPair();
    expect(server.counter('dropped_metadata_too_large')).toBe(1);
    expect(server.references()).toBe(0);
    await one.call('SET', METADATA, Buffer.alloc(1024, 1));
    await one.call('SET', BYTES, NEW);
    await expectPair(NEW, Buffer.alloc(1024, 1));
  });

  it('gives its place back when the other half does not come', async () => {
    await one.call('SET', BYTES, NEW);
    expect(server.references()).toBe(1);
    clock.advance(10_001);
    await expectEventually(() => server.references() === 0);
    expect(server.counter('dropped_pair_incomplete')).toBe(1);
  });

  it('waits in a part of the arena only', async () => {
    for (let i = 0; i < 20; i++) await one.call('SET', `m@1@0@${i}@halfkv_bytes`, Buffer.alloc(MIB));
    expect(server.references()).toBe(8);
    expect(server.counter('dropped_pair_incomplete')).toBe(12);
    await one.call('SET', 'm@1@0@0@halfmetadata', META);
    await one.call('SET', 'm@1@0@19@halfmetadata', META);
    expect(await one.call('EXISTS', 'm@1@0@0@halfmetadata', 'm@1@0@19@halfmetadata')).toBe(1);
  });

  it('survives eviction pressure between the lookup and the read of both halves', async () => {
    await one.call('SET', BYTES, NEW);
    await one.call('SET', METADATA, META);
    expect(await one.call('EXISTS', METADATA)).toBe(1);
    for (let i = 0; i < 60; i++) await other.call('SET', `filler${i}`, Buffer.alloc(MIB));
    expect(META.equals((await one.call('GET', METADATA)) as Buffer)).toBe(true);
    for (let i = 0; i < 60; i++) await other.call('SET', `filler${i}`, Buffer.alloc(MIB));
    expect(NEW.equals((await one.call('GET', BYTES)) as Buffer)).toBe(true);
    for (let i = 0; i < 60; i++) await other.call('SET', `filler${i}`, Buffer.alloc(MIB));
    await expectNoPair();
  });
});
