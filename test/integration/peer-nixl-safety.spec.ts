import { afterEach, expect, it } from '@jest/globals';
import { type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { type KvnestProcess } from '../support/kvnest-process.js';
import { NixlServers, nixlServerStatus, tcpDoorCounters } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';

const MIB = 1024 * 1024;
const LENGTH_BYTES = 4 * MIB;
const OWN_CHUNKS = 20;
const [ROUNDS, TIMEOUT_MS] = process.env['KVNEST_SOAK'] === undefined ? [2, 60_000] : [100, 3_600_000];
const READS_OF_A_ROUND = 30;
/** What tells where chunks lie is longer than the answer to a release. */
const PLACES_BYTES = 80;
/** A reader that has little time may have lost it before. */
const TRIES = 40;

/** So that an owner has to send: what it shares with the reader comes also when it stands still. */
const environment = ucxEnvironment('tcp,self');

describeWithPeer(missingNixl())('what is read from a peer over the real NIXL', () => {
  let servers = new NixlServers();
  /** What the reader asks the owner goes through here; its bytes do not. */
  let control: HoldingProxy;

  afterEach(async () => {
    await servers[Symbol.asyncDispose]();
    await control[Symbol.asyncDispose]();
    servers = new NixlServers();
  });

  /** One that is read from, and one that reads from it over NIXL. */
  async function pair(
    tier: Readonly<Record<string, unknown>>,
    memory: { readonly owner: string; readonly reader?: string },
  ): Promise<readonly [KvnestProcess, KvnestProcess]> {
    const owner = await servers.start({ environment, tier: { role: 'sender' }, memory: memory.owner });
    control = await HoldingProxy.start(Number(new URL(owner.tcpUrl).port));
    // With `auto`, so many reads that hang would have it read over TCP for a while.
    const peers = {
      role: 'receiver',
      transport: 'nixl',
      peers: [`kvnest://127.0.0.1:${control.port}`],
      ...tier,
    };
    const reader = await servers.start({ environment, tier: peers, memory: memory.reader });
    await expectEventually(
      async () => (await nixlServerStatus(reader)).tiers.at(-1)?.peers?.[0]?.up === true,
    );
    return [owner, reader];
  }

  it(
    'is one version of a chunk, whole, while its owner replaces, removes and evicts it',
    async () => {
      const [owner, reader] = await pair({}, { owner: '24MiB' });
      const [writer, client] = [await servers.client(owner), await servers.client(reader)];
      const keys = Array.from({ length: 8 }, (_, i) => `chunk-${i}`);
      const counts = { hit: 0, miss: 0, written: 0 };
      let goesOn = true;
      const write = async (): Promise<void> => {
        for (let version = 1; goesOn; version++) {
          await writer.put(keys[version % keys.length]!, versionOf(version, LENGTH_BYTES - (version % 7)));
          if (version % 5 === 0) await writer.delete([keys[(version * 3) % keys.length]!]);
          counts.written++;
        }
      };
      const read = async (lane: number): Promise<void> => {
        for (let turn = lane; goesOn; turn++) {
          const got = await client.get(keys[turn % keys.length]!);
          if (got !== undefined) expect(isOneVersion(got)).toBe(true);
          counts[got === undefined ? 'miss' : 'hit']++;
        }
      };
      const running = Promise.all([write(), read(0), read(1), read(2)]).finally(() => (goesOn = false));
      const enough = ROUNDS * READS_OF_A_ROUND;
      const isEnough = (): boolean => counts.hit > enough && counts.written > enough && counts.miss > 0;
      await expectEventually(() => !goesOn || isEnough(), TIMEOUT_MS);
      goesOn = false;
      await running;
      const { tiers, arena } = await nixlServerStatus(reader);
      expect(tiers[0]).toMatchObject({ corruptions: 0, counters: { failures: 0, back_offs: 0 } });
      expect(arena.references).toBe(0);
      expect((await nixlServerStatus(owner)).tiers[0]?.evictions).toBeGreaterThan(0);
      await expectEventually(async () => {
        const { peer_leases, peer_leases_ended } = await tcpDoorCounters(owner);
        return peer_leases === peer_leases_ended;
      });
      expect(await tcpDoorCounters(owner)).toMatchObject({ peer_leases_expired: 0 });
    },
    TIMEOUT_MS,
  );

  it(
    `never lands in the pages of others when it comes late: ${ROUNDS} owners that stand still`,
    async () => {
      const impatient = { timeout_ms: 500, connect_timeout_ms: 300, max_back_off_ms: 300 };
      const [owner, reader] = await pair(impatient, { owner: '64MiB', reader: '48MiB' });
      const [there, here] = [await servers.client(owner), await servers.client(reader)];
      const names = Array.from({ length: 12 }, (_, i) => `far-${i}`);
      for (const name of names) await there.put(name, versionOf(7, LENGTH_BYTES));
      for (let round = 0; round < ROUNDS; round++) {
        await freezeMidRead(owner, reader, here, names);
        for (let i = 0; i < OWN_CHUNKS; i++) await here.put(`own-${i}`, versionOf(1000 + i, 2 * MIB));
        expect(await quarantined(reader)).toBeGreaterThan(0);
        owner.thaw();
        await expectEventually(async () => (await references(reader)) === 0, 30_000);
        expect(await quarantined(reader)).toBe(0);
        await expectOwn(here);
        await here.clear();
      }
      // Nor does it keep a server from its end.
      await freezeMidRead(owner, reader, here, names);
      await here.close();
      await reader.stop();
      expect(reader.output).not.toContain('did not close cleanly');
      // UCX ends who owes bytes to one that has gone.
      await owner.kill();
    },
    TIMEOUT_MS,
  );

  /**
   * Until the owner stands still where it has told the reader where chunks lie: then pages are held though nobody waits for
   * the reads any more.
   */
  async function freezeMidRead(
    owner: KvnestProcess,
    reader: KvnestProcess,
    client: KvnestClient,
    names: readonly string[],
  ): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      await expectEventually(async () => (await client.get(names[0]!)) !== undefined, 30_000);
      await client.clear();
      control.onAnswer = ({ length }) => {
        if (length >= PLACES_BYTES) owner.freeze();
      };
      const reads = names.map((name) => client.get(name));
      for (const got of await Promise.all(reads)) expect(got === undefined || isOneVersion(got)).toBe(true);
      control.onAnswer = undefined;
      if ((await references(reader)) > 0) return;
      owner.thaw();
    }
    throw new Error('no read was held up');
  }

  async function quarantined(server: KvnestProcess): Promise<number> {
    return (await nixlServerStatus(server)).tiers.at(-1)?.agent?.quarantined.bytes ?? NaN;
  }

  async function references(server: KvnestProcess): Promise<number> {
    return (await nixlServerStatus(server)).arena.references;
  }
});

async function expectOwn(client: KvnestClient): Promise<void> {
  let found = 0;
  for (let i = 0; i < OWN_CHUNKS; i++) {
    const got = await client.get(`own-${i}`);
    if (got === undefined) continue;
    expect(versionOf(1000 + i, 2 * MIB).equals(got)).toBe(true);
    found++;
  }
  expect(found).toBeGreaterThan(OWN_CHUNKS / 2);
}

/** Bytes that say everywhere which version they are of. */
function versionOf(version: number, lengthBytes: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(version);
  return Buffer.alloc(lengthBytes, word);
}

function isOneVersion(got: Uint8Array): boolean {
  return versionOf(Buffer.from(got.buffer, got.byteOffset, 4).readUInt32LE(), got.length).equals(got);
}
