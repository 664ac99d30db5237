import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type NixlBackend } from '../../src/backends/nixl/nixl.backend.js';
import { connect } from '../../src/client/connect.js';
import { type KvnestClient } from '../../src/client/kvnest-client.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { MutePeer } from '../support/mute-peer.js';
import { bytesOf, PeerWorld } from '../support/peer-world.js';
import { freePort } from '../support/redis-process.js';
import { SeededRandom } from '../support/seeded-random.js';

const ANNOUNCED = { announcements: true };
const LENGTH_BYTES = 10_000;
/** Less than a question waits where nobody ends it. */
const UNTIL_ANSWERED_MS = 18_000;

describe('a tier to which peers announce', () => {
  let peers: PeerWorld;

  beforeAll(async () => {
    peers = await PeerWorld.start(3);
  });
  afterEach(() => peers.reset());
  afterAll(() => peers[Symbol.asyncDispose]());

  const asked = (tier: NixlBackend): number[] =>
    peers.stores.flatMap((_, index) =>
      index < (tier.usage().peers?.length ?? 0) ? [peers.peer(tier, index).counters['asked']!] : [],
    );

  /** Questions that wait at the first server of a world. */
  async function waits(world: PeerWorld): Promise<number> {
    return (await tcpCounter(world, 'peer_waits')) - (await tcpCounter(world, 'peer_waits_ended'));
  }

  async function tcpCounter(world: PeerWorld, name: string): Promise<number> {
    const { doors } = (await world.store(0).process.status()) as unknown as Status;
    return doors.find((door) => door.name === 'tcp')!.counters[name]!;
  }

  let nothings = 0;
  /** A key that nobody has. Filters say yes of very few such keys. */
  const nothing = (): ChunkKey => ChunkKey.of(`nothing-${nothings++}`);

  /** Until each peer has said what it has: then nobody is asked for what is nowhere. */
  const listening = (tier: NixlBackend): Promise<void> =>
    expectEventually(async () => {
      const before = asked(tier);
      expect(await tier.contains(nothing())).toBe(false);
      return asked(tier).join() === before.join();
    });

  it('finds what is put at one of three with a question to that one alone, and asks nobody for what is nowhere', async () => {
    const tier = await peers.tier(ANNOUNCED);
    await listening(tier);
    const before = asked(tier);
    for (let i = 0; i < 200; i++) expect(await tier.contains(nothing())).toBe(false);
    expect((await tier.getMany(Array.from({ length: 200 }, nothing))).map(bytesOf)).toEqual(
      new Array(200).fill('miss'),
    );
    expect(asked(tier)).toEqual(before);

    for (const owner of [0, 1, 2]) {
      const [key] = await peers.putRun(owner, `x${owner}`, 1);
      await expectEventually(() => tier.contains(key!));
      expect(asked(tier)).toEqual(before.map((count, index) => count + Number(index <= owner)));
    }
    expect(await peers.closeTiers()).toBe(true);
  });

  it('reads a chunk that one peer has told of without a lookup', async () => {
    const tier = await peers.tier(ANNOUNCED);
    await listening(tier);
    const before = asked(tier);
    const keys = await peers.putRun(1, 'x', 5);
    await expectEventually(async () => typeof bytesOf(await tier.get(keys[4]!)) !== 'string');
    for (const [i, outcome] of (await tier.getMany(keys.slice(0, 4))).map(bytesOf).entries())
      expectBytes(outcome, chunkBytes(LENGTH_BYTES, i));
    expect(asked(tier)).toEqual([before[0], before[1]! + 2, before[2]]);
  });

  it('loses nothing when the owner is killed while a question waits, and listens again when it is back', async () => {
    const tier = await peers.tier(ANNOUNCED, 2);
    await listening(tier);
    await peers.store(0).process.kill();
    const [key] = await peers.putRun(1, 'y', 1);
    await expectEventually(() => tier.contains(key!));
    await peers.store(0).restart();
    const [back] = await peers.putRun(0, 'x', 1);
    await expectEventually(() => tier.contains(back!));
    expectBytes(bytesOf(await tier.get(back!)), chunkBytes(LENGTH_BYTES, 0));
    await listening(tier);
    expect(await peers.closeTiers()).toBe(true);
  });

  it(
    'holds up no owner that is told to end',
    async () => {
      await using patient = await PeerWorld.start(1, { settings: { drain_timeout_ms: 600_000 } });
      const tier = await patient.tier(ANNOUNCED);
      await expectEventually(async () => (await waits(patient)) === 1);
      await patient.store(0).process.stop();
      await patient.store(0).restart();
      const [key] = await patient.putRun(0, 'x', 1);
      await expectEventually(() => tier.contains(key!));
    },
    UNTIL_ANSWERED_MS,
  );

  it('asks a peer that hangs for nothing that it has not told of, and hears of all that when it is well', async () => {
    const tier = await peers.tier({ ...ANNOUNCED, timeout_ms: 60_000 }, 1);
    await listening(tier);
    const before = asked(tier);
    peers.store(0).process.freeze();
    expect(await tier.contains(nothing())).toBe(false);
    expect(asked(tier)).toEqual(before);
    peers.store(0).process.thaw();
    const [key] = await peers.putRun(0, 'x', 1);
    await expectEventually(() => tier.contains(key!));
  });

  it.each([
    ['every chunk', {}, /older kvnest/],
    ['what is new now and then', { summary_ms: 50 }, /every 50 ms/],
  ])('asks a peer of an older version for %s, and says so once', async (_, options, line) => {
    await using mute = await MutePeer.start(peers.store(0).url);
    const tier = await peers.tier({ ...ANNOUNCED, ...options, peers: [mute.url] });
    const [key] = await peers.putRun(0, 'x', 1);
    await expectEventually(() => tier.contains(key!));
    expectBytes(bytesOf(await tier.get(key!)), chunkBytes(LENGTH_BYTES, 0));
    const told = peers.logger.lines.filter(({ message }) => message.includes('does not announce'));
    expect(told.map(({ message }) => message)).toEqual([expect.stringMatching(line)]);
    await peers.closeTiers();
  });

  it('lets no question wait at a peer that came back as an older version, however often it is reached anew', async () => {
    await using peer = await MutePeer.start(peers.store(0).url);
    peer.isMute = false;
    const tier = await peers.tier({ ...ANNOUNCED, peers: [peer.url] });
    await expectEventually(async () => (await waits(peers)) === 1);
    peer.isMute = true;
    const [key] = await peers.putRun(0, 'x', 1);
    const reachedAnew = async (): Promise<void> => {
      peer.cut();
      await expectEventually(async () => (await waits(peers)) === 0);
      await expectEventually(() => tier.contains(key!));
    };
    await reachedAnew();
    const waited = await tcpCounter(peers, 'peer_waits');
    for (let i = 0; i < 5; i++) await reachedAnew();
    await expectEventually(() => peers.logger.lines.some(({ message }) => message.includes('older kvnest')));
    expect(await tcpCounter(peers, 'peer_waits')).toBe(waited);
    expect(peers.logger.lines.filter(({ message }) => message.includes('older kvnest'))).toHaveLength(1);

    peer.isMute = false;
    peer.cut();
    await expectEventually(async () => {
      await tier.contains(key!);
      return (await waits(peers)) === 1;
    });
    await peers.closeTiers();
  });

  it('is told nothing by an owner when it is closed', async () => {
    const tier = await peers.tier(ANNOUNCED, 1);
    await listening(tier);
    await expectEventually(async () => (await waits(peers)) === 1);
    await peers.closeTiers();
    await expectEventually(async () => (await waits(peers)) === 0);
  });
});

interface Status {
  readonly doors: readonly { readonly name: string; readonly counters: Readonly<Record<string, number>> }[];
}

describe('three servers that announce to each other', () => {
  const TURNS = process.env['KVNEST_SOAK'] === undefined ? 400 : 5_000;
  /** So long after a put, by turns that each wait for an answer, everybody finds it. */
  const WITHIN_MS = 10_000;

  it(
    `give the right bytes of whatever was put anywhere, over ${TURNS} random turns`,
    async () => {
      const ports = [await freePort(), await freePort(), await freePort()];
      const urls = ports.map((port) => `kvnest://127.0.0.1:${port}`);
      const options = { peers: urls, transport: 'tcp', ...ANNOUNCED };
      const tiers = [
        { type: 'memory', capacity: '64MiB' },
        { type: 'nixl', name: 'peers', options },
      ];
      const started = await Promise.allSettled(
        ports.map((port) => KvnestStore.start({ tcp: { port }, memoryGb: 64 / 1024, settings: { tiers } })),
      );
      await using stack = new AsyncDisposableStack();
      for (const each of started) if (each.status === 'fulfilled') stack.use(each.value);
      for (const each of started) if (each.status === 'rejected') throw each.reason;
      const clients: KvnestClient[] = [];
      for (const url of urls) clients.push(stack.use(await connect(url)));
      const random = new SeededRandom(8);
      /** By key, what its bytes were made of, and where it is. */
      const there = new Map<string, { readonly seed: number; readonly at: number }>();
      const removed = new Set<string>();
      const lengthOf = (seed: number): number => 1 + ((seed * 7919) % 5_000);
      const turns = {
        put: async () => {
          const seed = there.size + removed.size;
          const at = random.below(3);
          await clients[at]!.put(`k${seed}`, chunkBytes(lengthOf(seed), seed));
          there.set(`k${seed}`, { seed, at });
        },
        remove: async () => {
          if (there.size === 0) return;
          const key = random.pick([...there.keys()]);
          await Promise.all(clients.map((client) => client.delete([key])));
          there.delete(key);
          removed.add(key);
        },
        read: async () => {
          if (there.size === 0) return;
          const [key, { seed }] = random.pick([...there]);
          let bytes: Uint8Array | undefined;
          const reader = random.pick(clients);
          await expectEventually(async () => (bytes = await reader.get(key)) !== undefined, WITHIN_MS);
          expectBytes(Buffer.from(bytes!), chunkBytes(lengthOf(seed), seed));
        },
        readRemoved: async () => {
          if (removed.size === 0) return;
          expect(await random.pick(clients).get(random.pick([...removed]))).toBeUndefined();
        },
        readNothing: async () => {
          expect(await random.pick(clients).get(`nothing-${random.below(1e9)}`)).toBeUndefined();
        },
      };
      const kinds = ['put', 'put', 'read', 'read', 'read', 'readNothing', 'readRemoved', 'remove'] as const;
      for (let turn = 0; turn < TURNS; turn++) await turns[random.pick(kinds)]();
      for (const [key, { seed }] of there)
        for (const client of clients) {
          let bytes: Uint8Array | undefined;
          await expectEventually(async () => (bytes = await client.get(key)) !== undefined, WITHIN_MS);
          expectBytes(Buffer.from(bytes!), chunkBytes(lengthOf(seed), seed));
        }
    },
    60_000 + 20 * TURNS,
  );
});
