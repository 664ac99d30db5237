import { afterEach, expect, it } from '@jest/globals';
import { TransferConnection } from '../../src/connectors/mooncake/owners/transfer-connection.js';
import { askOwner } from '../../src/connectors/mooncake/owners/ask-owner.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { type TransferVersion } from '../../src/protocols/mooncake/transfer-frame.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeTrial } from '../support/mooncake/mooncake-trial.js';
import { describeWithPeer } from '../support/peer.js';

const MIB = 1024 * 1024;
/** Its bytes are whatever was put last. */
const anyKey = (i = 0): ChunkKey => ChunkKey.of(`any-${i}`);
/** It says what its bytes are, as LMCache's keys do. */
const keyOf = (i: number): ChunkKey => ChunkKey.of(`org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describeWithPeer(missingMooncake())('When an owner of memory', () => {
  const trial = new MooncakeTrial();

  afterEach(async () => {
    expect(await trial.end()).toBe(0);
  });

  it('is killed: misses what it had, at once, keeps what others have, and puts there or nowhere', async () => {
    const { cluster, world, raw } = await trial.begin({ segments: ['64MB', '64MB'] });
    for (const i of range(12)) expect(await world.store(keyOf(i), chunkBytes(50_000, i))).toBe('stored');
    const places = await Promise.all(range(12).map((i) => raw.locate(String(keyOf(i)))));
    expect(new Set(places.map(({ endpoint }) => endpoint)).size).toBe(2);
    await cluster.owners[0]?.kill();
    const read = await Promise.all(range(12).map((i) => world.fetch(keyOf(i))));
    expect(world.logger.count('warn')).toBe(1);
    const [line] = world.logger.lines;
    for (const [i, { endpoint }] of places.entries()) {
      if (line?.message.includes(`owner ${endpoint}`) === true) expect(read[i]).toBe('miss');
      else expectBytes(read[i]!, chunkBytes(50_000, i));
    }
    // What is put meets it as often as not, until the master forgets it.
    for (const i of range(12)) {
      const outcome = await world.store(keyOf(100 + i), chunkBytes(50_000, i));
      expect(['stored', 'busy']).toContain(outcome);
      expect(await world.connector.exists(keyOf(100 + i))).toBe(outcome === 'stored');
      if (outcome === 'stored') expectBytes(await world.fetch(keyOf(100 + i)), chunkBytes(50_000, i));
    }
    expect(world.logger.count('warn')).toBe(1);
  });

  it('is killed while it is written to: gives the memory back, and the key is free', async () => {
    const { cluster, world, raw } = await trial.begin({ segments: ['64MB'] });
    await world.store(anyKey(0), chunkBytes(100));
    await cluster.owners[0]?.kill();
    expect(await world.store(anyKey(1), chunkBytes(100_000))).toBe('busy');
    const again = await raw.masters.putStart([{ name: 'any-1', lengthBytes: 1 }]);
    expect(again).toEqual([expect.any(Array)]);
  });

  it('is restarted: stores on, with the one that has taken its place', async () => {
    const { cluster, world } = await trial.begin({ segments: ['64MB'] }, { banMs: 100 });
    await world.store(keyOf(0), chunkBytes(10_000));
    await cluster.owners[0]?.kill();
    await cluster.addOwner('64MB');
    expect(await world.fetch(keyOf(0))).toBe('miss');
    let i = 1;
    await expectEventually(async () => (await world.store(keyOf(++i), chunkBytes(10_000, 2))) === 'stored');
    expectBytes(await world.fetch(keyOf(i)), chunkBytes(10_000, 2));
  });

  it('is stopped: waits for it once, and goes on when it does', async () => {
    const { cluster, world } = await trial.begin({ segments: ['64MB'] }, { banMs: 4_000 });
    for (const i of range(6)) await world.store(keyOf(i), chunkBytes(10_000, i));
    await cluster.owners[0]?.suspend();
    const first = await Promise.all(range(6).map((i) => world.fetch(keyOf(i))));
    expect(new Set(first)).toEqual(new Set(['miss']));
    for (const i of range(6)) expect(await world.fetch(keyOf(i))).toBe('miss');
    expect(await world.store(keyOf(9), chunkBytes(10))).toBe('busy');
    expect(world.logger.lines).toEqual([
      { level: 'warn', message: expect.stringContaining('did not answer a transfer within 1000 ms') },
    ]);
    cluster.owners[0]?.resume();
    await expectEventually(async () => (await world.fetch(keyOf(3))) !== 'miss');
    expectBytes(await world.fetch(keyOf(3)), chunkBytes(10_000, 3));
  });

  it('is stopped while it is written to: does not give the memory to others, for the bytes may still come', async () => {
    const { cluster, world, raw } = await trial.begin({ segments: ['64MB'] });
    await world.store(anyKey(0), chunkBytes(100));
    await cluster.owners[0]?.suspend();
    expect(await world.store(anyKey(1), chunkBytes(MIB))).toBe('busy');
    expect(await world.connector.exists(anyKey(1))).toBe(false);
    const again = await raw.masters.putStart([{ name: 'any-1', lengthBytes: 1 }]);
    expect(again).toEqual([{ code: -705 }]);
  });

  it('is stopped and nobody waits any more: ends the put when it goes on', async () => {
    const { cluster, world } = await trial.begin({ segments: ['64MB'] }, { silenceMs: 10_000 });
    await world.store(anyKey(0), chunkBytes(100));
    await cluster.owners[0]?.suspend();
    const abort = new AbortController();
    const putting = world.store(anyKey(1), chunkBytes(5 * MIB, 1), abort.signal);
    setTimeout(() => abort.abort(), 100);
    expect(await errorOf(() => putting)).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(world.arena.usage().references).toBe(1);
    const later = world.store(anyKey(1), chunkBytes(5 * MIB, 2));
    cluster.owners[0]?.resume();
    expect(await later).toBe('stored');
    expectBytes(await world.fetch(anyKey(1)), chunkBytes(5 * MIB, 2));
  });

  it('is stopped and the connector is closed: gives back what no byte was sent to, and keeps no connection', async () => {
    const before = openSockets();
    const times = { silenceMs: 60_000, drainTimeoutMs: 50, connections: 1 };
    const { cluster, world, raw } = await trial.begin({ segments: ['64MB'] }, times);
    await world.store(anyKey(0), chunkBytes(100));
    await cluster.owners[0]?.suspend();
    // The second one waits for the connection of the first one.
    const signal = AbortSignal.timeout(50);
    for (const put of [1, 2].map((i) => errorOf(() => world.store(anyKey(i), chunkBytes(5 * MIB), signal))))
      expect(await put).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    await world.connector.close();
    raw.owners.close();
    const names = ['any-1', 'any-2'].map((name) => ({ name, lengthBytes: 1 }));
    expect(await raw.masters.putStart(names)).toEqual([{ code: -705 }, expect.any(Array)]);
    raw.masters.close();
    await expectEventually(() => openSockets() <= before);
  });

  it('answers so late that the lease is over: takes nothing for the chunk', async () => {
    const { cluster, world } = await trial.begin({ segments: ['64MB'], leaseMs: 200 }, { silenceMs: 10_000 });
    const bytes = chunkBytes(3 * MIB);
    await world.store(keyOf(0), bytes);
    expectBytes(await world.fetch(keyOf(0)), bytes);
    await cluster.owners[0]?.suspend();
    const late = world.fetch(keyOf(0));
    await passed(400);
    cluster.owners[0]?.resume();
    expect(await late).toBe('miss');
    expectBytes(await world.fetch(keyOf(0)), bytes);
  });

  it('dies with one of two copies: reads the other one', async () => {
    const { cluster, world } = await trial.begin({ segments: ['64MB', '64MB'] }, { replicas: 2 });
    for (const i of range(8)) expect(await world.store(keyOf(i), chunkBytes(20_000, i))).toBe('stored');
    await cluster.owners[1]?.kill();
    for (const i of range(8)) expectBytes(await world.fetch(keyOf(i)), chunkBytes(20_000, i));
  });

  it.each<TransferVersion>([1, 2])('speaks version %i: reads and writes its memory', async (version) => {
    const { raw } = await trial.begin({ segments: ['64MB'] });
    const place = await raw.begin({ name: 'any', lengthBytes: 5 * MIB });
    const label = 'an owner';
    const owner = { endpoint: place.endpoint, metadataServer: undefined, label, timeoutMs: 2_000 };
    const { dataHost: host, dataPort: port } = await askOwner(owner);
    const connection = new TransferConnection({ host, port, version, label, silenceMs: 2_000 });
    const bytes = chunkBytes(5 * MIB);
    for (const part of [chunkBytes(5 * MIB, 9), ...range(100).map(() => bytes)])
      expect(await connection.write(place, [part])).toBe(true);
    const read = Buffer.alloc(bytes.length);
    let filled = 0;
    const target = {
      target: (maxBytes: number) => read.subarray(filled, filled + maxBytes),
      advance: (count: number) => void (filled += count),
    };
    expect(await connection.read(place, target)).toBe(true);
    expectBytes(read, bytes);
    const outside = { address: 1n, lengthBytes: 32 };
    if (version === 2) expect(await connection.read(outside, target)).toBe(false);
    else
      expect(await errorOf(() => connection.read(outside, target))).toMatchObject({
        code: 'KV_REMOTE_UNREACHABLE',
      });
    expect(connection.isReusable).toBe(false);
    connection.destroy(new Error('the end'));
  });
});
