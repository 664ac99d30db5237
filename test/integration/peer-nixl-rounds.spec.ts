import { afterEach, expect, it } from '@jest/globals';
import { type KvnestClient } from '../../src/client/index.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { type KvnestProcess } from '../support/kvnest-process.js';
import { NixlServers, nixlServerStatus, tcpDoorCounters } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { processResources } from '../support/nixl/process-resources.js';
import { describeWithPeer } from '../support/peer.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const IS_SOAK = process.env['KVNEST_SOAK'] !== undefined;
const [ROUNDS, TRANSFERS] = IS_SOAK ? [100, 50_000] : [4, 1_500];
const LIMIT_MS = IS_SOAK ? 3_600_000 : 120_000;
/** What takes as long as a server needs to start on a busy machine. */
const PATIENCE_MS = 60_000;
const CHUNKS = 12;
const LENGTH_BYTES = MIB;
const READERS = 3;
const LAPS = 10;
/** Less than transfers that leak would leave of headers, descriptors and books; and what heaps grow by in a moment. */
const LEAKED_BYTES = Math.max((TRANSFERS / LAPS) * 512, MIB);

/** What happens to an owner while it is read from. */
const FAULTS = ['killed', 'stopped', 'ended', 'evicting'] as const;
const MEMORY = '24MiB';
const TIER = {
  transport: 'nixl',
  timeout_ms: 1_000,
  lookup_timeout_ms: 500,
  connect_timeout_ms: 1_000,
  back_off_ms: 20,
  max_back_off_ms: 100,
};

const COMBINATIONS = [
  ['tcp,self', 1],
  ['tcp,self', 2],
  [undefined, 1],
  [undefined, 2],
] as const;

const withNixl = describeWithPeer(missingNixl());
const combinations = COMBINATIONS.filter(([tls, owners]) => IS_SOAK || (tls === undefined && owners === 2));

withNixl.each(combinations)('a server that reads over the real NIXL, UCX_TLS=%s, from %i', (tls, count) => {
  const environment = ucxEnvironment(tls);
  let servers = new NixlServers();

  afterEach(async () => {
    await servers[Symbol.asyncDispose]();
    servers = new NixlServers();
  });

  function startOwner(port = 0): Promise<KvnestProcess> {
    return servers.start({ environment, tier: { role: 'sender' }, memory: MEMORY, port });
  }

  /** Owners, and one without memory of its own that reads from them. */
  async function world(): Promise<{ owners: KvnestProcess[]; reader: KvnestProcess }> {
    const owners = await Promise.all(Array.from({ length: count }, () => startOwner()));
    const tier = { ...TIER, role: 'receiver', peers: owners.map(({ tcpUrl }) => tcpUrl) };
    return { owners, reader: await servers.start({ environment, tier }) };
  }

  it(
    `gets right bytes or none over ${ROUNDS} rounds of kills, stops, ends and evictions, and then from all again`,
    async () => {
      const { owners, reader } = await world();
      for (const owner of owners) await fill(owner);
      const isUp = async (owner: KvnestProcess): Promise<boolean> => {
        const peers = (await nixlServerStatus(reader)).tiers[0]?.peers;
        return peers?.find(({ name }) => name === owner.tcpUrl)?.up === true;
      };
      const free = (await nixlServerStatus(reader)).arena.freeBytes;
      const reading = readOn(await servers.client(reader));
      for (let round = 0; round < ROUNDS; round++) {
        const victim = Math.floor(round / FAULTS.length) % count;
        const owner = owners[victim]!;
        const { hit } = reading.counts;
        await expectEventually(() => reading.hasEnded() || reading.counts.hit > hit + CHUNKS, PATIENCE_MS);
        switch (FAULTS[round % FAULTS.length]!) {
          case 'killed':
          case 'ended': {
            await (FAULTS[round % FAULTS.length] === 'killed' ? owner.kill() : owner.stop());
            await expectEventually(async () => !(await isUp(owner)), PATIENCE_MS);
            owners[victim] = await startOwner(Number(new URL(owner.tcpUrl).port));
            break;
          }
          case 'stopped':
            owner.freeze();
            await expectEventually(async () => !(await isUp(owner)), PATIENCE_MS);
            owner.thaw();
            break;
          case 'evicting':
            await crowd(owner);
        }
        await expectEventually(() => reading.hasEnded() || isUp(owners[victim]!), PATIENCE_MS);
        await fill(owners[victim]!);
      }
      await reading.stop();
      expect(reading.counts.hit).toBeGreaterThan(ROUNDS * CHUNKS);
      await expectEventually(
        async () => (await nixlServerStatus(reader)).arena.references === 0,
        PATIENCE_MS,
      );
      const { arena, tiers } = await nixlServerStatus(reader);
      expect(arena.freeBytes).toBe(free);
      expect(tiers[0]?.peers?.map(({ up, transport }) => [up, transport])).toEqual(
        owners.map(() => [true, 'nixl']),
      );
      const none = { transfers: 0, bytes: 0 };
      const agent = { library: 'NIXL 1.5.1', up: true, peers: count, inFlight: none, quarantined: none };
      expect(tiers[0]).toMatchObject({ corruptions: 0, agent });
      for (const owner of owners) await expectNothingHeld(owner);
    },
    LIMIT_MS,
  );

  it(
    `reads ${TRANSFERS} times without a leak`,
    async () => {
      const { owners, reader } = await world();
      for (const owner of owners) await fill(owner, 16 * KIB);
      const client = await servers.client(reader);
      const free = (await nixlServerStatus(reader)).arena.freeBytes;
      const lap = async (reads: number): Promise<void> => {
        let next = 0;
        const lane = async (): Promise<void> => {
          while (next < reads) expect(await client.get(`k${next++ % CHUNKS}`)).toHaveLength(16 * KIB);
        };
        await Promise.all(Array.from({ length: READERS }, lane));
      };
      const everybody = [reader, ...owners];
      await lap(TRANSFERS);
      let before = everybody.map(({ pid }) => processResources(pid));
      let leastGrowth = Infinity;
      for (let i = 0; i < LAPS; i++) {
        await lap(TRANSFERS / LAPS);
        const after = everybody.map(({ pid }) => processResources(pid));
        for (const [index, { descriptors, threads }] of after.entries()) {
          expect(descriptors).toBeLessThanOrEqual(before[index]!.descriptors);
          expect(threads).toBeLessThanOrEqual(before[index]!.threads);
        }
        const grown = after.map(({ residentBytes }, index) => residentBytes - before[index]!.residentBytes);
        leastGrowth = Math.min(leastGrowth, Math.max(...grown));
        before = after;
      }
      // Heaps grow now and then; what leaks grows in every lap.
      expect(leastGrowth).toBeLessThan(LEAKED_BYTES);
      const { arena } = await nixlServerStatus(reader);
      expect(arena).toMatchObject({ references: 0, freeBytes: free });
      let transfers = 0;
      for (const owner of owners) transfers += await expectNothingHeld(owner);
      expect(transfers).toBeGreaterThanOrEqual(TRANSFERS);
    },
    LIMIT_MS,
  );

  /** Puts what is read, under names that say which bytes they have. */
  async function fill(owner: KvnestProcess, lengthBytes = LENGTH_BYTES): Promise<void> {
    const client = await servers.client(owner);
    for (let i = 0; i < CHUNKS; i++) await client.put(`k${i}`, chunkBytes(lengthBytes, i));
    await client.close();
  }

  /** Puts others until nothing is left of what is read. */
  async function crowd(owner: KvnestProcess): Promise<void> {
    const client = await servers.client(owner);
    const evictions = async (): Promise<number> => (await nixlServerStatus(owner)).tiers[0]?.evictions ?? 0;
    const before = await evictions();
    for (let i = 0; (await evictions()) < before + 3 * CHUNKS; i++)
      await client.put(`other${i}`, chunkBytes(LENGTH_BYTES, 1000 + i));
    await client.close();
  }
});

/** Reads all chunks again and again until told, several at a time; what comes must be right. */
function readOn(client: KvnestClient) {
  const counts = { hit: 0, miss: 0 };
  const state = { goesOn: true, hasEnded: false };
  const expected = Array.from({ length: CHUNKS }, (_, i) => chunkBytes(LENGTH_BYTES, i));
  const lane = async (first: number): Promise<void> => {
    for (let turn = first; state.goesOn; turn++) {
      const got = await client.get(`k${turn % CHUNKS}`);
      if (got === undefined) counts.miss++;
      else {
        expect(expected[turn % CHUNKS]!.equals(got)).toBe(true);
        counts.hit++;
      }
    }
  };
  const done = Promise.all(Array.from({ length: READERS }, (_, i) => lane(i * 5)));
  const ended = done.finally(() => (state.hasEnded = true));
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    state.goesOn = false;
    await ended;
  };
  return { counts, stop, hasEnded: () => state.hasEnded };
}

/** @returns how many leases it gave since it started. */
async function expectNothingHeld(owner: KvnestProcess): Promise<number> {
  await expectEventually(async () => {
    const { peer_leases, peer_leases_ended } = await tcpDoorCounters(owner);
    return peer_leases === peer_leases_ended;
  });
  expect((await nixlServerStatus(owner)).arena.references).toBe(0);
  return (await tcpDoorCounters(owner))['peer_leases'] ?? 0;
}
