import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { expectEventually } from '../support/eventually.js';
import { runKvnest, writeConfig } from '../support/kvnest-process.js';
import { freePort } from '../support/redis-process.js';
import { bytesOf, PeerWorld } from '../support/peer-world.js';

const A = ChunkKey.of('a');

let peers: PeerWorld;

beforeAll(async () => {
  peers = await PeerWorld.start(3);
});
afterEach(() => peers.reset());
afterAll(() => peers[Symbol.asyncDispose]());

describe('a tier that reads from peers', () => {
  it('finds what any of three has, with one question to each for many keys', async () => {
    const keys = [
      ...(await peers.putRun(0, 'x', 3)),
      ...(await peers.putRun(1, 'y', 3)),
      ...(await peers.putRun(2, 'z', 3)),
    ];
    const tier = await peers.tier();
    const found = await Promise.all([...keys, A].map(async (key) => tier.contains(key)));
    expect(found).toEqual([...keys.map(() => true), false]);
    expect([0, 1, 2].map((i) => peers.peer(tier, i).counters['asked'])).toEqual([1, 1, 1]);
    expect(await tier.containsPrefix([...keys, A, ...keys])).toBe(9);

    const read = await Promise.all(keys.map(async (key) => bytesOf(await tier.get(key))));
    for (const [i, bytes] of read.entries()) expectBytes(bytes, chunkBytes(10_000, i % 3));
    expect(tier.usage().counters).toMatchObject({ asked: 9, hits: 9, hit_bytes: 90_000, failures: 0 });
    expect(await peers.closeTiers()).toBe(true);
  });

  it('reads without a lookup before it, from whoever has most', async () => {
    const keys = await peers.putRun(0, 'x', 4);
    for (const [i, key] of keys.slice(0, 2).entries()) await peers.put(1, key, chunkBytes(10_000, i));
    const tier = await peers.tier({}, 2);
    const outcomes = (await tier.getMany([...keys, A])).map(bytesOf);
    for (const i of keys.keys()) expectBytes(outcomes[i]!, chunkBytes(10_000, i));
    expect(outcomes[4]).toBe('miss');
    expect([0, 1].map((i) => peers.peer(tier, i).counters['hits'])).toEqual([4, 0]);
  });

  it('opens without a peer that is down, finds it later, and reads from the others meanwhile', async () => {
    await peers.store(0).process.kill();
    const tier = await peers.tier({}, 2);
    const [key] = await peers.putRun(1, 'y', 1);
    expect(peers.peer(tier, 0)).toMatchObject({ up: false, state: 'down' });
    expect(tier.usage().healthy).toBe(true);
    expectBytes(bytesOf(await tier.get(key!)), chunkBytes(10_000, 0));
    expect(peers.logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);

    await peers.store(0).restart();
    await expectEventually(() => peers.peer(tier, 0).up);
    const [back] = await peers.putRun(0, 'x', 1);
    expectBytes(bytesOf(await tier.get(back!)), chunkBytes(10_000, 0));
  });

  it('waits for a peer that hangs once, for a bounded time, then not at all until it is well', async () => {
    const [there] = await peers.putRun(1, 'y', 1);
    const tier = await peers.tier(
      { lookup_timeout_ms: 300, back_off_ms: 60_000, max_back_off_ms: 60_000 },
      2,
    );
    peers.store(0).process.freeze();
    // What another one has does not wait.
    expect(await tier.contains(there!)).toBe(true);
    expect(await tier.contains(A)).toBe(false);
    await expectEventually(() => !peers.peer(tier, 0).up);
    expect(peers.peer(tier, 0)).toMatchObject({ state: 'down', reason: expect.stringContaining('300 ms') });
    expect(peers.peer(tier, 0).backOffMs).toBeGreaterThan(20_000);
    expect(peers.peer(tier, 1)).not.toHaveProperty('backOffMs');
    const { asked } = peers.peer(tier, 0).counters;
    for (let i = 0; i < 20; i++) expect(await tier.get(ChunkKey.of(`none-${i}`))).toBe('miss');
    expect(peers.peer(tier, 0).counters).toMatchObject({ asked, back_offs: 1 });
  });

  it('asks a peer again that hung and is well', async () => {
    const [key] = await peers.putRun(0, 'x', 1);
    const tier = await peers.tier({ lookup_timeout_ms: 100 }, 1);
    peers.store(0).process.freeze();
    expect(await tier.contains(key!)).toBe(false);
    expect(tier.usage().healthy).toBe(false);
    peers.store(0).process.thaw();
    await expectEventually(() => tier.usage().healthy);
    expectBytes(bytesOf(await tier.get(key!)), chunkBytes(10_000, 0));
  });

  it('reads from the next peer what one gives damaged, and leaves that one alone', async () => {
    await peers.put(0, A, chunkBytes(50_000, 1));
    const more = await peers.putRun(0, 'more', 2);
    await peers.put(1, A, chunkBytes(50_000, 1));
    await peers.store(0).damage(A);
    const tier = await peers.tier({ back_off_ms: 60_000, max_back_off_ms: 60_000 }, 2);
    // More of them are at the first one, which is asked first for that.
    const [bytes] = (await tier.getMany([A, ...more])).map(bytesOf);
    expectBytes(bytes!, chunkBytes(50_000, 1));
    expect(peers.peer(tier, 0)).toMatchObject({ up: false });
    expect(tier.usage().corruptions).toBeGreaterThan(0);
    expect(await peers.closeTiers()).toBe(true);
  });

  it.each([
    ['speaks another protocol', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['says nothing', () => undefined],
    ['hangs up', (socket: Socket) => socket.destroy()],
  ])('is not hindered by a peer that %s', async (_, behave) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      behave(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const [key] = await peers.putRun(0, 'x', 1);
      const url = `kvnest://127.0.0.1:${port}`;
      const tier = await peers.tier({ peers: [url, peers.store(0).url], connect_timeout_ms: 300 });
      expectBytes(bytesOf(await tier.get(key!)), chunkBytes(10_000, 0));
      expect(tier.usage().peers).toEqual([
        expect.objectContaining({ name: url, up: false }),
        expect.objectContaining({ up: true }),
      ]);
    } finally {
      await peers.closeTiers();
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('says what to do about a wrong token, and goes on', async () => {
    await using guarded = await PeerWorld.start(1, { settings: { auth: { token: 'right' } } });
    const tier = await guarded.tier({ token: 'wrong' });
    expect(await tier.get(A)).toBe('miss');
    expect(tier.usage().healthy).toBe(false);
    const [line] = guarded.logger.lines;
    expect(line?.message).toMatch(/refused.*token/i);
    expect(line?.message).not.toMatch(/wrong,|right/);
    const other = await guarded.tier({ token: 'right' });
    expect(other.usage().healthy).toBe(true);
  });

  it('asks a server once that has two names', async () => {
    const { url } = peers.store(0);
    const tier = await peers.tier({ peers: [url, url.replace('127.0.0.1', 'localhost')] });
    const states = tier.usage().peers?.map(({ state }) => state);
    expect(states?.sort()).toEqual(['twin', 'up']);
  });

  it('does not find again what was removed, whoever has it', async () => {
    await peers.put(0, A, chunkBytes(100));
    const tier = await peers.tier({}, 1);
    const reading = tier.get(A);
    await tier.remove(A);
    expect(await reading).toBe('miss');
    expect([await tier.contains(A), await tier.get(A), await tier.containsPrefix([A])]).toEqual([
      false,
      'miss',
      0,
    ]);
    expect((await tier.getMany([A])).map(bytesOf)).toEqual(['miss']);
    expect(await peers.closeTiers()).toBe(true);
  });

  it('does not ask a peer for what its summary does not have, and finds what is new with the next one', async () => {
    const tier = await peers.tier({ summary_ms: 200 }, 1);
    const none = async (): Promise<boolean> => {
      const { asked } = peers.peer(tier, 0).counters;
      expect(await tier.contains(ChunkKey.of('nothing'))).toBe(false);
      return peers.peer(tier, 0).counters['asked'] === asked;
    };
    await expectEventually(none);
    const [key] = await peers.putRun(0, 'x', 1);
    await expectEventually(() => tier.contains(key!));
    expectBytes(bytesOf(await tier.get(key!)), chunkBytes(10_000, 0));
  });

  it('asks nobody as a sender', async () => {
    await peers.put(0, A, chunkBytes(100));
    const tier = await peers.tier({ role: 'sender' }, 1);
    expect(await tier.contains(A)).toBe(false);
    expect(await tier.get(A)).toBe('miss');
    expect(tier.usage().counters).toMatchObject({ asked: 0 });
  });

  it('finds peers by a name', async () => {
    await peers.put(0, A, chunkBytes(100, 3));
    const port = peers.store(0).address.split(':').at(-1) ?? '';
    const tier = await peers.tier({
      peers: [`dns+kvnest://localhost:${port}`, `dns+kvnest://nowhere.invalid:${port}`],
    });
    expectBytes(bytesOf(await tier.get(A)), chunkBytes(100, 3));
    expect(
      peers.logger.lines.some(({ message }) => message.includes('nowhere.invalid cannot be resolved')),
    ).toBe(true);
  });
});

it('kvnest doctor has a line for each peer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-peers-doctor-'));
  try {
    const { url } = peers.store(0);
    const gone = `kvnest://127.0.0.1:${await freePort()}`;
    const options = { peers: [url, gone], transport: 'tcp' };
    const tiers = [
      { type: 'memory', capacity: '16MiB' },
      { type: 'nixl', name: 'peers', options },
    ];
    const { out, code } = await runKvnest(['doctor', '--config', await writeConfig(folder, { tiers })]);
    expect(out).toMatch(
      new RegExp(`ok +tier peers: ${url} \\(kvnest/\\S+, tiers memory, reached over TCP\\) answers`),
    );
    expect(out).toMatch(new RegExp(`warn +tier peers: ${gone} cannot be reached`));
    expect(code).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('servers that are peers of each other', () => {
  it('answer a miss of both at once, give what one has, and never ask themselves', async () => {
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `kvnest://127.0.0.1:${port}`);
    const tiers = [
      { type: 'memory', capacity: '32MiB' },
      {
        type: 'nixl',
        name: 'peers',
        options: { peers: urls, transport: 'tcp', back_off_ms: 20, max_back_off_ms: 100 },
      },
    ];
    const settings = (port: number) => ({ tcp: { port }, memoryGb: 32 / 1024, settings: { tiers } });
    const [one, other] = await Promise.all(ports.map((port) => PeerWorld.start(1, settings(port))));
    await using first = one!;
    await using second = other!;
    interface PeerStates {
      readonly tiers: readonly {
        readonly peers?: readonly { readonly name: string; readonly state: string }[];
      }[];
    }
    for (const { stores } of [first, second])
      await expectEventually(async () => {
        const status = (await stores[0]!.process.status()) as unknown as PeerStates;
        const states = Object.fromEntries(
          status.tiers[1]?.peers?.map(({ name, state }) => [name, state]) ?? [],
        );
        return states[stores[0]!.url] === 'self' && Object.values(states).includes('up');
      });

    const read = async (store: PeerWorld, key: string): Promise<Response> =>
      fetch(`${store.stores[0]!.process.httpUrl}/v1/objects/${key}`);
    expect((await read(first, 'nothing')).status).toBe(404);
    const bytes = chunkBytes(100_000, 8);
    await first.put(0, ChunkKey.of('a'), bytes);
    const answer = await read(second, 'a');
    expect(answer.status).toBe(200);
    expectBytes(Buffer.from(await answer.arrayBuffer()), bytes);
    const metrics = await (await fetch(`${second.stores[0]!.process.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/kvnest_peer_up\{tier="peers",peer="kvnest:\/\/127\.0\.0\.1:\d+"\} 1/);
    expect(metrics).toMatch(/kvnest_tier_events_total\{tier="peers",event="hits"\} 1/);
    expect(metrics).toMatch(/kvnest_tier_stores_refused_total\{tier="peers",outcome="rejected"\} 0/);
  });
});
