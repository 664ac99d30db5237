import { afterEach, describe, expect, it } from '@jest/globals';
import { withinAdmission } from '../../src/backends/remote/queue-share.js';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { type TierConfig } from '../../src/config/kvnest-config.interface.js';
import { LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../src/connectors/loopback/loopback.store.js';
import { adaptPlainConnector } from '../../src/connectors/plain-connector.adapter.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { createTestEngine, get, put, type TestEngine, type TestEngineOptions } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { UnreliableConnector } from '../support/unreliable.connector.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK_BYTES = 256 * KIB;

interface Remote {
  readonly store: LoopbackStore;
  readonly connector: UnreliableConnector;
  readonly backend: RemoteBackend;
}

type Parts = Parameters<NonNullable<TestEngineOptions['tiers']>>[0];

const maxPendingBytes = 16 * MIB;
const key = (i: number): ChunkKey => ChunkKey.of(`chunk-${i}`);
const bytes = (i: number): Buffer => Buffer.alloc(CHUNK_BYTES, i);

let test: TestEngine;
let remotes: readonly Remote[];

function remote(
  { arena, space, clock }: Parts,
  name: string,
  count: number,
  given: Partial<RemoteOptions>,
): Remote {
  const store: LoopbackStore = new Map();
  const label = `loopback://${name}`;
  const loopback = adaptPlainConnector(new LoopbackConnector(store, clock), { arena, space, label });
  const connector = new UnreliableConnector(loopback);
  const tier: TierConfig = { name, type: 'remote', capacityBytes: 0, policy: 'LRU', options: {} };
  const options = withinAdmission(Object.assign(new RemoteOptions(), given), {
    maxPendingBytes,
    tiers: Array.from({ length: count }, () => tier),
  });
  const logger = new RecordingLogger();
  return {
    store,
    connector,
    backend: new RemoteBackend({ name, label, connector, options, arena, space, clock, logger }),
  };
}

/** An engine with a memory tier and remote ones behind it, in this order. */
async function start(names: readonly string[], options: Partial<RemoteOptions> = {}): Promise<void> {
  test = await createTestEngine({
    config: { maxPendingBytes },
    tiers: (parts) => {
      remotes = names.map((name) => remote(parts, name, names.length, options));
      return remotes.map(({ backend }) => backend);
    },
  });
}

afterEach(async () => {
  for (const { connector } of remotes) connector.recover();
  await test.engine.settled();
  expect(test.arena.usage().references).toBe(0);
  await test.close();
});

async function expectChunk(i: number): Promise<void> {
  expectBytes((await get(test, key(i))) ?? 'miss', bytes(i));
}

/** What the first tier does when it evicts. */
async function forget(...tiers: number[]): Promise<void> {
  for (const tier of tiers) await test.stack.tiers[tier]?.backend.clear();
}

describe('an engine with a remote tier', () => {
  it.each([1, 2])('accepts puts and serves them while %i stores hang', async (count) => {
    const names = ['a', 'b'].slice(0, count);
    await start(names, { timeout_ms: 600_000, queue_wait_ms: 1 });
    for (const { connector } of remotes) connector.hang((call) => !call.startsWith('exists'));
    for (let i = 0; i < 100; i++) expect(await put(test, key(i), bytes(i))).toBe('stored');
    for (let i = 90; i < 100; i++) await expectChunk(i);
    const { tiers } = test.engine.status();
    for (const { pendingBytes } of tiers.slice(1))
      expect(pendingBytes).toBeLessThanOrEqual(maxPendingBytes / 2);
    expect(tiers[1]?.storesRefused['busy']).toBeGreaterThan(0);
  });

  it('answers a lookup in bounded time when its store hangs', async () => {
    await start(['a'], { lookup_timeout_ms: 10, timeout_ms: 10, breaker_failures: 3, retries: 0 });
    remotes[0]!.connector.hang();
    for (let i = 0; i < 10; i++) {
      expect(await test.engine.exists([key(i)])).toEqual([undefined]);
      expect(await get(test, key(i))).toBeUndefined();
    }
    expect(test.engine.status().tiers[1]).toMatchObject({ name: 'a', healthy: false });
    expect(remotes[0]!.connector.calls.length).toBeLessThan(10);
  });

  it('gives back from the store what memory has lost, and keeps it again', async () => {
    await start(['a']);
    await put(test, key(1), bytes(1), { ack: 'all' });
    await forget(0);
    expect(await test.engine.exists([key(1)])).toEqual(['a']);
    await expectChunk(1);
    expect(await test.engine.exists([key(1)])).toEqual(['memory']);
  });

  it('does not bring back what a store that was away still had when it was replaced', async () => {
    await start(['a'], { ping_interval_ms: 10, breaker_failures: 1, breaker_reset_ms: 1, retries: 0 });
    const [{ connector, backend, store }] = remotes as [Remote];
    await put(test, key(1), bytes(1), { ack: 'all' });
    connector.fail(new Error('away'));
    await put(test, key(1), bytes(2), { ack: 'all' });
    await forget(0);
    expect(await get(test, key(1))).toBeUndefined();
    connector.recover();
    await expectEventually(() => backend.usage().healthy);
    expect(await get(test, key(1))).toBeUndefined();
    await expectEventually(() => store.size === 0);
  });
});

describe('an engine with several remote tiers', () => {
  it('writes to all, asks them in their order, and gives the first what only the second has', async () => {
    await start(['a', 'b']);
    await put(test, key(1), bytes(1), { ack: 'all' });
    expect(remotes.map(({ store }) => store.size)).toEqual([1, 1]);
    await forget(0);
    remotes[0]!.connector.calls.splice(0);
    remotes[1]!.connector.calls.splice(0);
    await expectChunk(1);
    expect(remotes[1]!.connector.calls).toEqual([]);

    await forget(0, 1);
    expect(await test.engine.exists([key(1)])).toEqual(['b']);
    await expectChunk(1);
    await test.engine.settled();
    expect(remotes[0]!.store.size).toBe(1);
  });

  it('serves from the second while the first is out of order', async () => {
    await start(['a', 'b'], { breaker_failures: 1, retries: 0 });
    remotes[0]!.connector.fail(new Error('away'));
    expect(await put(test, key(1), bytes(1), { ack: 'all' })).toBe('stored');
    await forget(0);
    await expectChunk(1);
    expect(test.engine.status().tiers.map(({ healthy }) => healthy)).toEqual([true, false, true]);
  });

  it('finds a prefix that lies in pieces in several of them', async () => {
    await start(['a', 'b']);
    const keys = [0, 1, 2, 3].map(key);
    for (const i of keys.keys()) await put(test, key(i), bytes(i), { ack: 'all' });
    await forget(0);
    remotes[0]!.store.delete('chunk-1');
    remotes[1]!.store.delete('chunk-3');
    const located = await test.stack.locatePrefix(keys);
    expect(located.map(({ tier }) => tier)).toEqual(['a', 'b', 'a', 'a']);
  });
});
