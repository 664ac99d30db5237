import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expectEventually } from '../support/eventually.js';
import { runBareAgent } from '../support/nixl/bare-agent.js';
import { NixlProcess, type NixlProcessOptions } from '../support/nixl/nixl-process.js';
import { missingNixl, NIXL_LIBRARY, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const [READS, ROUNDS] = process.env['KVNEST_SOAK'] ? [50_000, 100] : [5_000, 3];

/** Reads until the heaps of V8 and of malloc have their size. */
const WARM_UP = 5_000;
const LAPS = 5;
/** Less than a read that leaks would leave: eight blocks at both sides, a header, a result. */
const LEAKED_BYTES = 512;
const PAGE_ABOVE_HEAP = resolve(import.meta.dirname, '../fixtures/nixl-capi/page-above-heap.c');

const processes: NixlProcess[] = [];

async function start(options: NixlProcessOptions = {}): Promise<NixlProcess> {
  const started = await NixlProcess.start(options);
  processes.push(started);
  return started;
}

/** An owner, full of bytes, and a reader that knows it. */
async function pair(options: NixlProcessOptions = {}) {
  const [owner, reader] = await Promise.all([start(options), start(options)]);
  const facts = await owner.calls.about();
  await owner.calls.fill(1, 0, options.regionBytes ?? 64 * MIB);
  expect(await reader.calls.addPeer(facts.metadata)).toBe(facts.name);
  return { owner, reader, facts };
}

const withNixl = describeWithPeer(missingNixl());

withNixl('Two processes with the real NIXL', () => {
  afterEach(async () => {
    for (const running of processes.splice(0)) await running[Symbol.asyncDispose]();
  });

  describe.each([['tcp,self'], [undefined]])('UCX_TLS=%s', (tls) => {
    const options = tls === undefined ? {} : { tls };

    it('brings bytes of any length and place, whole', async () => {
      const { owner, reader, facts } = await pair(options);
      expect(facts.version).toBe('1.5.1');
      for (const length of [1, 2, 4095, 4096, 65_537, MIB, 4 * MIB, 32 * MIB]) {
        const { outcome, checksums } = await reader.calls.read(NixlProcess.request(facts, [length]));
        expect([outcome, checksums[0]]).toEqual(['done', await owner.calls.checksum(0, length)]);
        expect(await reader.calls.checksum(0, length)).toBe(checksums[0]);
      }
      const random = new SeededRandom(8);
      const offsets = Array.from({ length: 60 }, (_, i) => i * MIB + random.below(MIB / 2));
      const blocks = offsets.map((offset, i) => ({
        localOffset: (59 - i) * MIB + random.below(MIB / 2),
        remoteAddress: facts.regionAddress + BigInt(offset),
        lengthBytes: 1 + random.below(MIB / 2),
      }));
      const groups = blocks.map((_, i) => i + 1);
      const headers = [0n, 128n, 4096n].map((at) => facts.regionAddress + at);
      const read = await reader.calls.read({ peer: facts.name, blocks, groups, headers, timeoutMs: 30_000 });
      expect(read.outcome).toBe('done');
      expect(read.headers.length).toBe(3 * 128);
      for (const [i, { lengthBytes, localOffset }] of blocks.entries()) {
        const checksum = await owner.calls.checksum(offsets[i]!, lengthBytes);
        expect([read.checksums[i], await reader.calls.checksum(localOffset, lengthBytes)]).toEqual([
          checksum,
          checksum,
        ]);
      }
    });

    it('reads from a peer that is killed meanwhile: the reads end, the peer is gone, its successor is read from', async () => {
      const { owner, reader, facts } = await pair(options);
      const request = NixlProcess.request(facts, [16 * MIB]);
      const reads = Array.from({ length: 8 }, () => reader.calls.read(request));
      await reads[0];
      owner.kill('SIGKILL');
      await owner.exited;
      const outcomes = new Set((await Promise.all(reads)).map(({ outcome }) => outcome));
      expect([...outcomes].filter((outcome) => outcome !== 'done' && outcome !== 'gone')).toEqual([]);
      expect((await reader.calls.read(request)).outcome).toBe('gone');
      expect(await reader.calls.health()).toMatchObject({ up: true, peers: [] });
      await reader.calls.settled();
      const successor = await start(options);
      const next = await successor.calls.about();
      await successor.calls.fill(3, 0, MIB);
      expect(next.name).not.toBe(facts.name);
      await reader.calls.addPeer(next.metadata);
      const { outcome, checksums } = await reader.calls.read(NixlProcess.request(next, [MIB]));
      expect([outcome, checksums[0]]).toEqual(['done', await successor.calls.checksum(0, MIB)]);
    });

    it('reads anew from a peer that was removed and comes again under its name', async () => {
      const { reader, facts } = await pair(options);
      for (let round = 0; round < 3; round++) {
        await reader.calls.removePeer(facts.name);
        expect((await reader.calls.read(NixlProcess.request(facts, [MIB]))).outcome).toBe('gone');
        expect(await reader.calls.addPeer(facts.metadata)).toBe(facts.name);
        expect((await reader.calls.read(NixlProcess.request(facts, [MIB]))).outcome).toBe('done');
      }
    });

    it(`reads ${READS} times without a leak`, async () => {
      const { owner, reader, facts } = await pair(options);
      const request = NixlProcess.request(facts, new Array<number>(8).fill(16_384), {
        headers: [facts.regionAddress],
      });
      const resources = async () => [await reader.calls.resources(), await owner.calls.resources()] as const;
      await reader.calls.repeat(request, WARM_UP, 20);
      let before = await resources();
      let leastGrowth = Infinity;
      for (let lap = 0; lap < LAPS; lap++) {
        expect((await reader.calls.repeat(request, READS / LAPS, 20)).done).toBe(READS / LAPS);
        const after = await resources();
        for (const i of [0, 1] as const) {
          expect(after[i].descriptors).toBe(before[i].descriptors);
          expect(after[i].threads).toBeLessThanOrEqual(before[i].threads);
        }
        const grown = [0, 1].map((i) => after[i]!.nativeBytes - before[i]!.nativeBytes);
        leastGrowth = Math.min(leastGrowth, Math.max(...grown));
        before = after;
      }
      // Heaps grow now and then; what leaks grows in every lap.
      expect(leastGrowth).toBeLessThan((READS / LAPS) * LEAKED_BYTES);
      expect(await reader.calls.health()).toMatchObject({
        inFlight: { transfers: 0 },
        quarantined: { transfers: 0 },
      });
    });

    it('leaves the event loop alone while the library copies', async () => {
      const { reader, facts } = await pair(options);
      const request = NixlProcess.request(facts, [64 * MIB]);
      await reader.calls.read(request);
      expect(await reader.calls.turnsDuring(request)).toBeGreaterThan(100);
    });

    it(
      `reads from a peer that is killed and comes again under its name, ${ROUNDS} times`,
      async () => {
        const name = 'the same every time';
        const reader = await start(options);
        for (let round = 1; round <= ROUNDS; round++) {
          await using owner = await NixlProcess.start({ ...options, name, regionBytes: 16 * MIB });
          await owner.calls.fill(round, 0, 16 * MIB);
          const facts = await owner.calls.about();
          await reader.calls.addPeer(facts.metadata);
          const request = NixlProcess.request(facts, [16 * MIB]);
          const { outcome, checksums } = await reader.calls.read(request);
          expect([outcome, checksums[0]]).toEqual(['done', await owner.calls.checksum(0, 16 * MIB)]);
          const reads = [1, 2, 3, 4].map(() => reader.calls.read(request));
          owner.kill('SIGKILL');
          await Promise.all(reads);
          await owner.exited;
          expect((await reader.calls.read(request)).outcome).toBe('gone');
          await reader.calls.settled();
        }
      },
      60_000 + 3000 * ROUNDS,
    );

    it('ends with its exit code, however it ends', async () => {
      const { owner, reader, facts } = await pair(options);
      await reader.calls.read(NixlProcess.request(facts, [MIB]));
      const third = await start(options);
      await third.calls.close();
      expect(await third.end()).toEqual([0, null]);
      expect(await reader.end(7)).toEqual([7, null]);
      expect(await owner.end()).toEqual([0, null]);
    });
  });

  it('times out on a peer that is stopped, keeps its pages until the peer goes on, and uses the peer again', async () => {
    const { owner, reader, facts } = await pair({ tls: 'tcp,self' });
    await reader.calls.read(NixlProcess.request(facts, [MIB]));
    const tail = [63 * MIB, MIB] as const;
    const late = await owner.calls.checksum(...tail);
    await owner.freeze();
    const request = NixlProcess.request(facts, [64 * MIB], { timeoutMs: 300 });
    expect((await reader.calls.read(request)).outcome).toBe('timeout');
    expect((await reader.calls.health()).quarantined).toEqual({ transfers: 1, bytes: 64 * MIB });
    await reader.calls.fill(9, 0, 64 * MIB);
    owner.kill('SIGCONT');
    await reader.calls.settled();
    expect((await reader.calls.health()).quarantined.transfers).toBe(0);
    // The bytes came late, over what lay there, and now no more of them come.
    expect(await reader.calls.checksum(...tail)).toBe(late);
    await reader.calls.fill(11, ...tail);
    const refilled = await reader.calls.checksum(...tail);
    await expectEventually(async () => {
      const { outcome } = await reader.calls.read(NixlProcess.request(facts, [MIB]));
      // UCX may have given the peer up meanwhile.
      if (outcome === 'gone') await reader.calls.addPeer(facts.metadata);
      return outcome === 'done';
    });
    expect(await reader.calls.checksum(...tail)).toBe(refilled);
  });

  it('drops a peer that leaves too much hanging, and takes it again when that has ended', async () => {
    const { owner, reader, facts } = await pair({
      tls: 'tcp,self',
      maxQuarantinedBytes: 20 * MIB,
      maxPostedBytes: 64 * MIB,
    });
    await reader.calls.read(NixlProcess.request(facts, [MIB]));
    await owner.freeze();
    const request = NixlProcess.request(facts, [8 * MIB], { timeoutMs: 200 });
    const reads = await Promise.all(Array.from({ length: 3 }, () => reader.calls.read(request)));
    expect(new Set(reads.map(({ outcome }) => outcome))).toEqual(new Set(['timeout']));
    expect(await reader.calls.health()).toMatchObject({ peers: [], quarantined: { bytes: 24 * MIB } });
    expect((await reader.calls.read(request)).outcome).toBe('gone');
    owner.kill('SIGCONT');
    await reader.calls.settled();
    expect(await reader.calls.addPeer(facts.metadata)).toBe(facts.name);
    expect((await reader.calls.read(NixlProcess.request(facts, [MIB]))).outcome).toBe('done');
  });

  it('closes while a peer is stopped', async () => {
    const { owner, reader, facts } = await pair({ tls: 'tcp,self' });
    await reader.calls.read(NixlProcess.request(facts, [MIB]));
    await owner.freeze();
    const reading = reader.calls.read(NixlProcess.request(facts, [16 * MIB]));
    await expectEventually(async () => (await reader.calls.health()).inFlight.transfers === 1);
    await reader.calls.close();
    expect((await reading).outcome).toBe('aborted');
    expect(await reader.end()).toEqual([0, null]);
  });

  it('refuses metadata that are none, and reads of what is not registered, and goes on', async () => {
    const { reader, facts } = await pair();
    const bad = [Buffer.alloc(0), Buffer.from('garbage'), facts.metadata.subarray(0, 100)];
    for (const metadata of bad) {
      await expect(reader.calls.addPeer(metadata)).rejects.toMatchObject({
        message: expect.stringContaining('NIXL'),
      });
    }
    const beyond = NixlProcess.request({ ...facts, regionAddress: facts.regionAddress - 4096n }, [8192]);
    expect((await reader.calls.read(beyond)).outcome).toBe('failed');
    expect((await reader.calls.read(NixlProcess.request(facts, [MIB]))).outcome).toBe('done');
  });

  it('lets signals end the process', async () => {
    for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
      const running = await start();
      running.kill(signal);
      expect(await running.exited).toEqual([null, signal]);
    }
  });

  it('does not let UCX patch the memory calls, which kills a process with something right above its heap', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnest-nixl-'));
    try {
      const preload = join(folder, 'page.so');
      expect(spawnSync('cc', ['-shared', '-fPIC', '-o', preload, PAGE_ABOVE_HEAP]).status).toBe(0);
      const environment = { ...ucxEnvironment(), LD_PRELOAD: preload };
      expect(runBareAgent(NIXL_LIBRARY, 'close', environment)).toMatchObject({
        status: 0,
        stdout: 'starting\nup\n',
      });
      const patched = runBareAgent(NIXL_LIBRARY, 'close', {
        ...environment,
        UCX_MEM_MMAP_HOOK_MODE: 'bistro',
      });
      expect(patched.signal).toBe('SIGSEGV');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('finds the library in the virtual environment that is active', async () => {
    const folder = NIXL_LIBRARY.replace(/\/lib\/python3.*/, '');
    const running = await start({ environment: { NIXL_CAPI_PATH: '', VIRTUAL_ENV: folder } });
    expect((await running.calls.about()).version).toBe('1.5.1');
  });
});
