import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { type RegionArena } from '../../src/arena/region-arena.js';
import { NixlPeerReader } from '../../src/backends/nixl/nixl-peer-reader.js';
import { type PeerReader } from '../../src/backends/nixl/peer-reader.interface.js';
import { clientSettings } from '../../src/client/options/client-settings.js';
import { type FetchOutcome } from '../../src/connectors/remote-connector.interface.js';
import { PeerHelloController } from '../../src/modules/peers/peer-hello.controller.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { PEER_HELLO } from '../../src/protocols/kvnest-tcp/peer-hello.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { DoubleAgent } from '../support/nixl/double-agent.js';
import { SeededRandom } from '../support/seeded-random.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const TOKEN = 'secret';
const TRANSFER_MS = 300;

// Everything is real but NIXL's agents: a double can be told to hang and to lie.
describe('reading from a peer over NIXL', () => {
  const random = new SeededRandom(5);
  let owner: TestTcpDoor;
  let ownAgent: DoubleAgent;
  let here: TestEngine;
  let agent: DoubleAgent;
  let reader: NixlPeerReader;
  /** What `peer.hello` tells beside. */
  let hello: object;
  let hasNixl: boolean;
  /** What the owner hears of the question instead. */
  let asked: object | undefined;
  /** Held so that what is free lies apart. */
  const scattered: ArenaHandle[] = [];

  const key = (name: string): ChunkKey => ChunkKey.of(name);

  function makeReader(token = TOKEN): NixlPeerReader {
    return new NixlPeerReader({
      label: 'the peer',
      place: { space: here.stack.space, crc32c: (bytes, previous) => here.arena.crc32c(bytes, previous) },
      settings: clientSettings(`kvnest://127.0.0.1:${owner.port}`, { token, timeoutMs: 0 }),
      agent,
      transferTimeoutMs: TRANSFER_MS,
    });
  }

  beforeEach(async () => {
    hello = {};
    hasNixl = true;
    asked = undefined;
    owner = await createTestTcpDoor({
      token: TOKEN,
      prepare: ({ strategy }) => {
        strategy.addHandler(PEER_HELLO, (data: unknown) => {
          const source = { agent: () => (hasNixl ? ownAgent : undefined), reason: 'switched off' };
          const told = new PeerHelloController(owner.arena, 'boot-1', source).hello(asked ?? data);
          return Promise.resolve({ ...told, ...hello });
        });
      },
    });
    ownAgent = new DoubleAgent((owner.arena as RegionArena).buffer);
    here = await createTestEngine({ memory: false });
    agent = new DoubleAgent((here.arena as RegionArena).buffer);
    reader = makeReader();
  });

  afterEach(async () => {
    scattered.splice(0).forEach((handle) => handle[Symbol.dispose]());
    await reader.close();
    await agent.close();
    await ownAgent.close();
    await expectEventually(() => owner.references() === 0);
    await expectEventually(() => here.arena.usage().references === 0);
    await here.close();
    await owner.close();
  });

  /** What came, given back. */
  function take(outcome: FetchOutcome | undefined): Buffer | string | undefined {
    if (outcome === undefined || typeof outcome === 'string') return outcome;
    using handle: ArenaHandle = outcome;
    return Buffer.concat(handle.views);
  }

  /** `toEqual` would look at each byte by itself. */
  function expectBytes(got: Buffer | string | undefined, bytes: Buffer): void {
    expect(typeof got === 'object' ? got.equals(bytes) : got).toBe(true);
  }

  async function fetch(...names: readonly string[]): Promise<(Buffer | string | undefined)[]> {
    return (await reader.getMany(names.map(key))).map(take);
  }

  const freeBytes = (): number => here.arena.usage().freeBytes;

  it('brings chunks with all that belongs to them', async () => {
    const bytes = random.bytes(700 * KIB);
    const expiresAtMs = Date.now() + 60_000;
    await put(owner, key('a'), bytes, { expiresAtMs });
    await put(owner, key('small'), Buffer.from('small'));
    await put(owner, key('empty'), Buffer.alloc(0));
    expect(await reader.connect()).toMatchObject({ bootId: 'boot-1' });
    expect(await reader.existsMany(['a', 'x'].map(key))).toEqual([true, false]);
    const [first, ...others] = await reader.getMany(['a', 'x', 'small', 'empty'].map(key));
    {
      using handle = first as ArenaHandle;
      expect(handle).toMatchObject({ state: 'sealed', attributes: { expiresAtMs, depth: -1 } });
      expect(handle.checksum).toBe(here.arena.crc32c(bytes));
      expectBytes(Buffer.concat(handle.views), bytes);
    }
    expect(others.map(take)).toEqual(['miss', Buffer.from('small'), Buffer.alloc(0)]);
    expect(agent.reads).toHaveLength(1);
    await expectEventually(() => owner.references() === 0);
    expect(owner.counter('peer_leases_expired')).toBe(0);
  });

  it('brings chunks that lie in many parts, here and there', async () => {
    for (const engine of [owner, here]) await scatter(engine);
    const bytes = random.bytes(2 * MIB + 5);
    await put(owner, key('a'), bytes);
    await reader.connect();
    expectBytes((await fetch('a'))[0], bytes);
    expect(agent.reads[0]?.blocks.length).toBeGreaterThan(5);
  });

  /** Leaves free pages that are far from each other, and little else. */
  async function scatter({ arena }: Pick<TestEngine, 'arena'>): Promise<void> {
    const held: ArenaHandle[] = [];
    for (let i = 0; ; i++) {
      const handle = arena.allocate({ key: key(`page-${i}`), lengthBytes: (1 + (i % 7)) * 32 * KIB });
      if (handle === undefined) break;
      held.push(handle);
    }
    await Promise.resolve();
    const kept = held.filter((_, i) => i % 3 !== 0);
    for (const handle of held) if (!kept.includes(handle)) handle[Symbol.dispose]();
    scattered.push(...kept);
  }

  it.each(['lies', 'lies-in-records'] as const)('takes nothing from one that %s', async (behaviour) => {
    await put(owner, key('a'), random.bytes(100 * KIB));
    await reader.connect();
    agent.behaviour = behaviour;
    expect(await fetch('a')).toEqual(['corrupt']);
    agent.behaviour = 'copies';
    expect(await fetch('a')).toEqual([expect.any(Buffer)]);
  });

  it('reads the chunk that it asked for, though the key is stored anew and evicted meanwhile', async () => {
    const bytes = random.bytes(600 * KIB);
    await put(owner, key('a'), bytes);
    await reader.connect();
    agent.onRead = async () => {
      await put(owner, key('a'), random.bytes(600 * KIB));
      await owner.engine.delete([key('a')]);
      for (let i = 0; i < 60; i++) await put(owner, key(`other-${i}`), random.bytes(600 * KIB));
    };
    expectBytes((await fetch('a'))[0], bytes);
  });

  it('keeps the pages of a read that hangs until nothing will be written there', async () => {
    await put(owner, key('a'), random.bytes(400 * KIB));
    await reader.connect();
    const before = freeBytes();
    agent.behaviour = 'hangs';
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_REMOTE_TIMEOUT' });
    expect(freeBytes()).toBeLessThanOrEqual(before - 400 * KIB);
    await expectEventually(() => owner.references() === 0);
    agent.letArrive();
    await expectEventually(() => freeBytes() === before);
  });

  it('stops when nobody waits any more, and keeps its pages as long', async () => {
    await put(owner, key('a'), random.bytes(400 * KIB));
    await reader.connect();
    const before = freeBytes();
    agent.behaviour = 'hangs';
    const abort = new AbortController();
    const read = reader.getMany([key('a')], { signal: abort.signal });
    await expectEventually(() => agent.reads.length === 1);
    abort.abort();
    await expect(read).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(freeBytes()).toBeLessThan(before);
    agent.letArrive();
    await expectEventually(() => freeBytes() === before);
  });

  it('finds a peer again that was lost', async () => {
    const bytes = random.bytes(KIB);
    await put(owner, key('a'), bytes);
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    await reader.connect();
    agent.behaviour = 'loses-peers';
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_NIXL_GONE', retryable: true });
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_NIXL_GONE' });
    agent.behaviour = 'copies';
    await reader.connect();
    expectBytes((await fetch('a'))[0], bytes);
    await reader.connect();
    expect(agent.health().peers).toEqual([ownAgent.name]);
  });

  it('leaves what there is no room for, here or there, to be asked for later', async () => {
    await put(owner, key('a'), random.bytes(KIB));
    await reader.connect();
    agent.behaviour = 'is-busy';
    expect(await fetch('a')).toEqual(['busy']);
    agent.behaviour = 'copies';
    using whole = here.arena.allocate({ key: key('all'), lengthBytes: freeBytes() - 4096 });
    expect(whole).toBeDefined();
    await put(owner, key('big'), random.bytes(MIB));
    expect(await fetch('big')).toEqual(['busy']);
  });

  it('says why a read cannot be carried out', async () => {
    await put(owner, key('a'), random.bytes(KIB));
    await reader.connect();
    agent.behaviour = 'fails';
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_NIXL_READ' });
  });

  it.each<[string, () => void, string]>([
    ['has no NIXL', () => (hasNixl = false), 'KV_NIXL_PEER'],
    ['speaks another version', () => (asked = { version: 2 }), 'KV_NIXL_PEER'],
    ['says nothing', () => (hello = { boot_id: 7 }), 'KV_REMOTE_PROTOCOL'],
    [
      'has an address that is none',
      () => (hello = withNixl({ arena: { address: '-1' } })),
      'KV_REMOTE_PROTOCOL',
    ],
    ['names another agent', () => (hello = withNixl({ agent: 'somebody' })), 'KV_NIXL_PEER'],
    ['gives metadata that is none', () => (hello = withNixl({ metadata: 'bm9uZQ==' })), 'KV_NIXL_PEER'],
    ['has other records', () => (hello = withNixl({}, { record_bytes: 64 })), 'KV_NIXL_PEER'],
  ])('does not shake hands with one that %s', async (_, spoil, code) => {
    spoil();
    await expect(reader.connect()).rejects.toMatchObject({ code });
    expect(agent.health().peers).toEqual([]);
  });

  it('reads nothing from one that tells of places outside its memory', async () => {
    await put(owner, key('a'), random.bytes(KIB));
    hello = withNixl({}, { bytes: 8192 });
    await reader.connect();
    await expect(reader.getMany([key('a')])).rejects.toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
    expect(agent.reads).toEqual([]);
  });

  it('is not let in with a wrong token', async () => {
    const stranger: PeerReader = makeReader('wrong');
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    await stranger.close();
  });

  it('knows from a summary what a peer has not, and hears of what is new while it waits', async () => {
    await reader.connect();
    expect(reader.summary.mayHave(key('a'))).toBe(true);
    expect(reader.summary.refreshedAtMs).toBe(-Infinity);
    await put(owner, key('a'), Buffer.from('v'));
    await reader.summary.refresh();
    expect(['a', 'b'].map((name) => reader.summary.mayHave(key(name)))).toEqual([true, false]);
    expect(reader.summary.announces).toBe(true);
    const told = reader.summary.refresh({ waitMs: 25_000 });
    await put(owner, key('b'), Buffer.from('v'));
    expect(await told).toBe('something');
    expect(reader.summary.mayHave(key('b'))).toBe(true);
    expect(reader.summary.refreshedAtMs).toBeGreaterThan(0);
  });

  it('gives everything back when it closes while it reads, and cannot be used again', async () => {
    await put(owner, key('a'), random.bytes(KIB));
    await reader.connect();
    const read = reader.getMany([key('a')]);
    const closed = reader.close();
    expect((await read).map(take)).toEqual([expect.any(Buffer)]);
    await closed;
    expect(owner.references()).toBe(0);
    expect(agent.health().peers).toEqual([]);
    await expect(reader.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
  });

  function withNixl(nixl: object, arena: object = {}): object {
    const source = { agent: () => ownAgent };
    const told = new PeerHelloController(owner.arena, 'boot-1', source).hello({ version: 1 });
    const { nixl: real } = told as { nixl: { arena: object } };
    return { nixl: { ...real, arena: { ...real.arena, ...arena }, ...nixl } };
  }
});
