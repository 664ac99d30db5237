import { expect, it } from '@jest/globals';
import { type RegionArena } from '../../src/arena/region-arena.js';
import {
  encodeLeases,
  type LocatedChunk,
  NO_LEASE,
  readLocateAnswer,
} from '../../src/protocols/kvnest-tcp/locate.js';
import { KeyFilter } from '../../src/protocols/kvnest-tcp/key-filter.js';
import { hashKey } from '../../src/protocols/kvnest-tcp/key-hash.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import {
  encodeSummaryQuestion,
  NO_SUMMARY,
  readSummaryAnswer,
  type SummaryVersion,
} from '../../src/protocols/kvnest-tcp/summary.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const MIB = 1024 * 1024;
const IS_SOAK = process.env['KVNEST_SOAK'] !== undefined;
const [STEPS, TIMEOUT_MS] = IS_SOAK ? [100_000, 1_800_000] : [2_500, 120_000];
const CONNECTIONS = 4;
const KEYS = Array.from({ length: 24 }, (_, i) => `k${i}`);
const BRIEF_MS = 1;
const LONG_MS = 30_000;

interface HeldLease {
  readonly id: string;
  /** It ends by itself, at any time. */
  readonly isBrief: boolean;
  readonly chunks: readonly { readonly chunk: LocatedChunk; readonly bytes: Buffer }[];
}

/** Peers that ask at random, and a model of what the server must hold for them. */
class RandomPeers implements Disposable {
  /** What the last put of each key stored, unless it was deleted. */
  readonly stored = new Map<string, Buffer>();
  readonly held = new Map<string, HeldLease>();
  readonly ended: string[] = [NO_LEASE];
  readonly counts = { here: 0, miss: 0, busy: 0, released: 0, refused: 0 };
  #clients: TcpTestClient[] = [];
  #summary: SummaryVersion = NO_SUMMARY;

  private constructor(
    private readonly server: TestTcpDoor,
    private readonly random: SeededRandom,
  ) {}

  static async start(server: TestTcpDoor, random: SeededRandom): Promise<RandomPeers> {
    const peers = new RandomPeers(server, random);
    peers.#clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => TcpTestClient.open(server.port)),
    );
    return peers;
  }

  async step(): Promise<void> {
    const steps = [
      [0.15, this.#put],
      [0.2, this.#delete],
      [0.68, this.#locate],
      [0.92, this.#release],
      [0.96, this.#askForSummary],
      [0.98, this.#hangUp],
      [1, this.#sendGarbage],
    ] as const;
    const at = this.random.below(1000) / 1000;
    const [, step] = steps.find(([until]) => at < until)!;
    await step.call(this);
  }

  /** Nothing of a lease changes while it is held, whatever becomes of its keys. */
  expectHeld({ chunks }: HeldLease): void {
    for (const { chunk, bytes } of chunks) expect(this.#readThere(chunk).equals(bytes)).toBe(true);
  }

  async releaseAll(): Promise<void> {
    const leases = [...this.held.keys()];
    if (leases.length > 0) await this.#tell(leases);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  get #client(): TcpTestClient {
    return this.random.pick(this.#clients);
  }

  async #put(): Promise<void> {
    const key = this.random.pick(KEYS);
    const bytes = Buffer.alloc(this.random.below(60_000), `${key}-${this.random.below(1e9)}`);
    await this.#client.put(key, bytes);
    this.stored.set(key, bytes);
  }

  async #delete(): Promise<void> {
    const key = this.random.pick(KEYS);
    await this.#client.flags(PATTERNS.DELETE, [key]);
    this.stored.delete(key);
  }

  async #locate(): Promise<void> {
    const keys = Array.from({ length: this.random.below(6) }, () =>
      this.random.pick([...KEYS, 'never stored']),
    );
    const leaseMs = this.random.pick([BRIEF_MS, 0, LONG_MS, 2 ** 32 - 1]);
    const client = this.#client;
    const { header } = await client.reply(client.request(PATTERNS.LOCATE, keyList(keys, leaseMs)));
    const answer = readLocateAnswer(header);
    const isBrief = leaseMs === BRIEF_MS;
    expect(answer.outcomes).toHaveLength(keys.length);
    expect(answer.leaseMs).toBeLessThanOrEqual(LONG_MS);
    const chunks = answer.outcomes.flatMap((chunk, index) => {
      const bytes = this.stored.get(keys[index]!);
      if (typeof chunk === 'string') {
        this.counts[chunk]++;
        if (chunk === 'miss') expect(bytes).toBeUndefined();
        return [];
      }
      this.counts.here++;
      if (!isBrief) expect(this.#readThere(chunk).equals(bytes!)).toBe(true);
      return [{ chunk, bytes: bytes! }];
    });
    expect(answer.lease === NO_LEASE).toBe(chunks.length === 0);
    if (answer.lease === NO_LEASE) return;
    expect([this.held.has(answer.lease), this.ended.includes(answer.lease)]).toEqual([false, false]);
    this.held.set(answer.lease, { id: answer.lease, isBrief, chunks });
  }

  /** Those that are held by whichever connection, those that have ended, some twice, and names that nobody was told. */
  async #release(): Promise<void> {
    const names = Array.from({ length: 1 + this.random.below(3) }, () => {
      const kind = this.random.below(4);
      if (kind < 2 && this.held.size > 0) return this.random.pick([...this.held.keys()]);
      return kind === 2 ? this.random.pick(this.ended) : this.random.bytes(8).toString('hex');
    });
    await this.#tell(names);
  }

  async #tell(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const lease = this.held.get(name);
      if (lease?.isBrief === false) this.expectHeld(lease);
    }
    const client = this.#client;
    const { header } = await client.reply(client.request(PATTERNS.RELEASE, encodeLeases(names)));
    expect(header).toHaveLength(names.length);
    for (const [index, name] of names.entries()) {
      const lease = this.held.get(name);
      if (lease === undefined) expect(header[index]).toBe(0);
      else if (!lease.isBrief) expect(header[index]).toBe(1);
      this.counts[header[index] === 1 ? 'released' : 'refused']++;
      if (this.held.delete(name)) this.ended.push(name);
    }
  }

  /** With what was told last, what comes later, and what was never told. */
  async #askForSummary(): Promise<void> {
    const { id, version } = this.#summary;
    const since = this.random.pick<SummaryVersion>([
      NO_SUMMARY,
      this.#summary,
      { id, version: version + 1 + this.random.below(1000) },
      { id: this.random.bytes(8).toString('hex'), version: this.random.below(2 ** 31) },
    ]);
    const client = this.#client;
    const question = encodeSummaryQuestion({ ...since, waitMs: this.random.pick([0, 1, 10]) });
    const { header } = await client.reply(client.request(PATTERNS.SUMMARY, question));
    const answer = readSummaryAnswer(header);
    if (answer.kind === 'none') throw new Error('there is no summary');
    this.#summary = { id: answer.id, version: answer.version };
    if (answer.kind === 'added') {
      expect([answer.id, answer.version >= since.version]).toEqual([since.id, true]);
      return;
    }
    const filter = new KeyFilter(answer.filter);
    for (const key of this.stored.keys()) expect(filter.mayHave(hashKey(Buffer.from(key), 0))).toBe(true);
  }

  /** What it holds is held on. */
  async #hangUp(): Promise<void> {
    const index = this.random.below(CONNECTIONS);
    const client = this.#clients[index]!;
    client.socket.destroy();
    await client.closed;
    this.#clients[index] = await TcpTestClient.open(this.server.port);
  }

  async #sendGarbage(): Promise<void> {
    const index = this.random.below(CONNECTIONS);
    const client = this.#clients[index]!;
    const [pattern, sizes] = this.random.pick([
      [PATTERNS.RELEASE, [0, 1, 7, 9, 15]],
      [PATTERNS.SUMMARY, [0, 1, 11, 13, 100]],
      [PATTERNS.LOCATE, [0, 1, 3, 7, 11]],
    ] as const);
    client.request(pattern, this.random.bytes(this.random.pick(sizes)));
    expect(await client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    await client.closed;
    this.#clients[index] = await TcpTestClient.open(this.server.port);
  }

  #readThere({ extents }: LocatedChunk): Buffer {
    const memory = Buffer.from((this.server.arena as RegionArena).buffer);
    return Buffer.concat(extents.map(({ offset, length }) => memory.subarray(offset, offset + length)));
  }
}

it(
  `a server holds for peers what it told them, and nothing else, over ${STEPS} requests at random`,
  async () => {
    const server = await createTestTcpDoor({ arenaBytes: 8 * MIB });
    try {
      using peers = await RandomPeers.start(server, new SeededRandom(41));
      for (let step = 0; step < STEPS; step++) {
        await peers.step();
        const held = [...peers.held.values()];
        if (step % 50 !== 0) continue;
        const long = held.filter(({ isBrief }) => !isBrief);
        for (const lease of long) peers.expectHeld(lease);
        const references = long.reduce((sum, { chunks }) => sum + chunks.length, 0);
        await expectEventually(() => server.references() === references);
      }
      for (const count of Object.values(peers.counts)) expect(count).toBeGreaterThan(0);
      await peers.releaseAll();
      await expectEventually(() => server.references() === 0);
      expect(server.counter('peer_leases_ended')).toBe(server.counter('peer_leases'));
      expect(server.counter('peer_leased_bytes_ended')).toBe(server.counter('peer_leased_bytes'));
      expect(server.counter('peer_leases_expired')).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  },
  TIMEOUT_MS,
);
