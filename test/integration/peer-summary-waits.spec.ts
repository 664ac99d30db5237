import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type MemoryBackend } from '../../src/backends/memory/memory.backend.js';
import { type TieredPeerOwner } from '../../src/modules/peers/tiered-peer-owner.js';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { KeyFilter } from '../../src/protocols/kvnest-tcp/key-filter.js';
import { hashKey } from '../../src/protocols/kvnest-tcp/key-hash.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import {
  encodeSummaryQuestion,
  NO_SUMMARY,
  readSummaryAnswer,
  type SummaryAnswer,
  type SummaryVersion,
} from '../../src/protocols/kvnest-tcp/summary.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

/** Longer than any test waits. */
const LONG_MS = 25_000;
const MIB = 1024 * 1024;
const BYTES = Buffer.from('value');

describe('a question for a summary that waits', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let owner: TieredPeerOwner;

  async function start(): Promise<SummaryVersion> {
    server = await createTestTcpDoor({
      arenaBytes: 64 * MIB,
      drainTimeoutMs: 20_000,
      onOwner: (made) => (owner = made),
    });
    client = await TcpTestClient.open(server.port);
    await client.put('first', BYTES);
    return whole(await answer(ask(NO_SUMMARY, LONG_MS)));
  }

  afterEach(async () => {
    jest.restoreAllMocks();
    client[Symbol.dispose]();
    await server.close();
  });

  function ask({ id, version }: SummaryVersion, waitMs: number, by = client): number {
    return by.request(PATTERNS.SUMMARY, encodeSummaryQuestion({ id, version, waitMs }));
  }

  async function answer(request: number, by = client): Promise<SummaryAnswer> {
    return readSummaryAnswer((await by.reply(request)).header);
  }

  function whole(answered: SummaryAnswer): Extract<SummaryAnswer, { kind: 'whole' }> {
    if (answered.kind !== 'whole') throw new Error(`a summary of kind ${answered.kind}`);
    return answered;
  }

  function added(answered: SummaryAnswer): Extract<SummaryAnswer, { kind: 'added' }> {
    if (answered.kind !== 'added') throw new Error(`a summary of kind ${answered.kind}`);
    return answered;
  }

  const waiting = (): number => server.counter('peer_waits') - server.counter('peer_waits_ended');
  const isOpen = (request: number, by = client): boolean =>
    !by.frames.some(({ prefix }) => prefix.requestId === request);
  const hash = (name: string): object => hashKey(Buffer.from(name), 0);

  it('is answered when something is put, also by another, and with nothing when its time is over', async () => {
    const known = await start();
    const asked = ask(known, LONG_MS);
    await expectEventually(() => waiting() === 1);
    await client.put('first', BYTES);
    using other = await TcpTestClient.open(server.port);
    const alsoAsked = ask(known, LONG_MS, other);
    await expectEventually(() => waiting() === 2);
    expect(isOpen(asked)).toBe(true);
    await other.put('second', BYTES);
    const told = { kind: 'added', id: known.id, version: known.version + 1, hashes: [hash('second')] };
    expect(await answer(asked)).toEqual(told);
    expect(await answer(alsoAsked, other)).toEqual(told);
    // What is there already is told, too.
    expect(await answer(ask(known, LONG_MS))).toEqual(told);
    expect(await answer(ask({ ...known, version: told.version }, 20))).toEqual({ ...told, hashes: [] });
    expect(waiting()).toBe(0);
  });

  it('tells all that was put since, however slowly its answers are read', async () => {
    const known = await start();
    const asked = ask(known, LONG_MS);
    await expectEventually(() => waiting() === 1);
    client.socket.pause();
    using other = await TcpTestClient.open(server.port);
    for (let i = 0; i < 50; i++) await other.put(`k${i}`, BYTES);
    // Nothing is kept for who does not ask again.
    expect(waiting()).toBe(0);
    client.socket.resume();
    const seen = new Set<string>();
    let { id, version } = known;
    for (let next = asked; seen.size < 50; next = ask({ id, version }, LONG_MS)) {
      const told = added(await answer(next));
      for (const each of told.hashes) seen.add(JSON.stringify(each));
      ({ id, version } = told);
    }
    expect(seen).toEqual(new Set(Array.from({ length: 50 }, (_, i) => JSON.stringify(hash(`k${i}`)))));
  });

  it('gets the filter that is made anew while it waits', async () => {
    const known = await start();
    const backend = server.stack.tiers[0]!.backend as MemoryBackend;
    const gate = Promise.withResolvers<undefined>();
    const scan = backend.scan.bind(backend);
    // As if it took long: a filter of so few keys is made within a turn or two.
    jest.spyOn(backend, 'scan').mockImplementation((async (cursor: number, limit: number) => {
      await gate.promise;
      return scan(cursor, limit);
    }) as never);
    const lengths = Array.from({ length: 4200 }, (_, i) => ({ key: `k${i}`, lengthBytes: 1 }));
    await client.reply(
      client.request(PATTERNS.PUT, putList(lengths), { body: Buffer.alloc(lengths.length) }),
    );
    const { id, version } = added(await answer(ask(known, LONG_MS)));
    const asked = ask({ id, version }, LONG_MS);
    await expectEventually(() => waiting() === 1);
    expect(id).toBe(known.id);
    gate.resolve(undefined);
    const { filter } = whole(await answer(asked));
    const made = new KeyFilter(filter);
    expect(lengths.every(({ key }) => made.mayHave(hashKey(Buffer.from(key), 0)))).toBe(true);
  });

  it('ends with its cancel, its time-out and its connection', async () => {
    const known = await start();
    const cancelled = ask(known, LONG_MS);
    await expectEventually(() => waiting() === 1);
    client.cancel(cancelled);
    expect(await client.error(cancelled)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
    const late = client.request(PATTERNS.SUMMARY, encodeSummaryQuestion({ ...known, waitMs: LONG_MS }), {
      timeoutMs: 20,
    });
    expect(await client.error(late)).toMatchObject({ code: 'KV_TCP_TIMEOUT' });
    const other = await TcpTestClient.open(server.port);
    for (let i = 0; i < 4; i++) ask(known, LONG_MS, other);
    await expectEventually(() => waiting() === 4);
    other[Symbol.dispose]();
    await expectEventually(() => waiting() === 0);
  });

  it('is answered at once where four of its connection wait, until one is taken back', async () => {
    const known = await start();
    const asked = Array.from({ length: 4 }, () => ask(known, LONG_MS));
    await expectEventually(() => waiting() === 4);
    expect(await answer(ask(known, LONG_MS))).toMatchObject({ kind: 'added', hashes: [] });
    client.cancel(asked[0]!);
    await client.error(asked[0]!);
    const next = ask(known, LONG_MS);
    await expectEventually(() => waiting() === 4);
    expect(isOpen(next)).toBe(true);
  });

  it('is answered when the server is about to end, and holds nobody up', async () => {
    const known = await start();
    const asked = ask(known, LONG_MS);
    await expectEventually(() => waiting() === 1);
    server.engine.beginDrain();
    owner.beginDrain();
    const drained = server.door.beforeApplicationShutdown();
    expect(await answer(asked)).toMatchObject({ kind: 'added', hashes: [] });
    expect(await answer(ask(known, LONG_MS))).toMatchObject({ kind: 'added', hashes: [] });
    await client.closed;
    await drained;
  });

  it('loses no key over random puts, waits and cancels', async () => {
    const random = new SeededRandom(12);
    const known = await start();
    let filter: KeyFilter | undefined;
    let version: SummaryVersion = NO_SUMMARY;
    const names: string[] = ['first'];
    const take = (told: SummaryAnswer): void => {
      if (told.kind === 'none') throw new Error('there is no summary');
      if (told.kind === 'whole') filter = new KeyFilter(told.filter);
      else for (const each of told.hashes) filter?.add(each);
      version = { id: told.id, version: told.version };
    };
    take(await answer(ask(NO_SUMMARY, 0)));
    expect(version.id).toBe(known.id);
    for (let turn = 0; turn < 300; turn++) {
      const asked = ask(version, random.pick([0, 1, 5, LONG_MS, 0xffff_ffff]));
      const puts = random.below(3);
      for (let i = 0; i < puts; i++) {
        const name = `${turn}-${i}`;
        names.push(name);
        if (random.chance(0.5)) client.put(name, BYTES).catch(() => undefined);
        else await client.put(name, BYTES);
      }
      if (puts === 0 || random.chance(0.2)) client.cancel(asked);
      const { prefix, header } = await client.reply(asked);
      if (prefix.type === FRAME_TYPES.REPLY) take(readSummaryAnswer(header));
    }
    await expectEventually(async () => {
      take(await answer(ask(version, 1)));
      return names.every((name) => filter?.mayHave(hashKey(Buffer.from(name), 0)));
    });
    await expectEventually(() => waiting() === 0);
  });
});
