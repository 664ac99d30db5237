import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { crc32c } from '../../src/common/crc32c.js';
import {
  NIXL_HEADER_BYTES,
  type NixlRead,
  type NixlReadResult,
} from '../../src/backends/nixl/agent/nixl-agent.interface.js';
import { type StartNixlOptions } from '../../src/backends/nixl/agent/start-nixl-agent.js';
import { expectEventually } from '../support/eventually.js';
import { BACKEND, FakeNixl, IN_PROGRESS, missingForFakeNixl, NOT_FOUND } from '../support/nixl/fake-nixl.js';
import { AgentWithRegion } from '../support/nixl/nixl-agents.js';
import { letTimePass } from '../support/let-time-pass.js';
import { describeWithPeer } from '../support/peer.js';

const KIB = 1024;
const PAGE = 4096;
/** Long enough to be out of reach, for reads that end otherwise. */
const LONG_MS = 60_000;
const BRIEF_MS = 20;

/** Whether the first byte of its region is memory of this process. */
function isMapped({ agent }: AgentWithRegion): boolean {
  const ranges = readFileSync('/proc/self/maps', 'latin1').matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm);
  const address = agent.regionAddress;
  return [...ranges].some(([, from, to]) => BigInt(`0x${from}`) <= address && address < BigInt(`0x${to}`));
}

// A double of the library: the real one cannot be brought to most of these states at will.
describeWithPeer(missingForFakeNixl())("NIXL's agent, over a double of its library", () => {
  let nixl: FakeNixl;
  let owner: AgentWithRegion;
  let reader: AgentWithRegion;
  let peer: string;
  const others: AgentWithRegion[] = [];

  const start = async (options: Partial<StartNixlOptions> = {}): Promise<AgentWithRegion> => {
    const started = await AgentWithRegion.start(nixl.path, options);
    others.push(started);
    return started;
  };

  const request = (more: Partial<NixlRead> = {}): NixlRead => ({
    peer,
    blocks: [owner.block(PAGE, 16 * KIB)],
    timeoutMs: LONG_MS,
    ...more,
  });

  const posted = (): number => nixl.log().filter((call) => call === `post_xfer_req ${peer}`).length;

  /** Reads whose time is over when the library has them. */
  const readTooLong = (count: number, more?: Partial<NixlRead>, by = reader): Promise<NixlReadResult[]> => {
    const before = posted();
    const read = () => by.agent.read(request({ timeoutMs: BRIEF_MS, ...more }));
    return letTimePass(
      () => Promise.all(Array.from({ length: count }, read)),
      () => posted() === before + count,
      BRIEF_MS,
    );
  };

  beforeAll(() => {
    nixl = new FakeNixl();
  });
  afterAll(() => nixl[Symbol.dispose]());

  beforeEach(async () => {
    nixl.reset();
    owner = await start();
    reader = await start({ maxReads: 8, maxQuarantinedBytes: 64 * KIB, addPeerTimeoutMs: 5000 });
    owner.bytes.fill('kv', PAGE, PAGE + 64 * KIB);
    peer = await reader.agent.addPeer(owner.agent.metadata);
  });
  afterEach(async () => {
    for (const call of ['post_xfer_req', 'get_xfer_status', 'load_remote_md'] as const) nixl.free(call);
    // Who reads first: what it reads from stays until then.
    for (const agent of others.splice(0).reverse()) await agent[Symbol.asyncDispose]();
  });

  it('is configured so that it neither spins nor listens, and lets several threads in', () => {
    expect(nixl.log()).toContain('create_configured_agent progress=1 listen=0 sync=1 delay=10000');
    expect(nixl.log()).toContain('params_add engine_config=TCP_TX_SEG_SIZE=512k,TCP_RX_SEG_SIZE=512k');
    expect(nixl.log()).toContain('create_backend UCX');
  });

  it('reads blocks and headers of a peer, with a checksum for each group', async () => {
    owner.bytes.write('a record', 2 * NIXL_HEADER_BYTES);
    const blocks = [
      owner.block(PAGE, 5000, 0),
      owner.block(3 * PAGE, 1, 700_000),
      owner.block(9, 3 * PAGE, 100_000),
    ];
    const headers = [2, 0].map((slot) => owner.agent.regionAddress + BigInt(slot * NIXL_HEADER_BYTES));
    const result = await reader.agent.read(request({ blocks, headers, groups: [2, 2, 3] }));
    expect(result.outcome).toBe('done');
    await result.settled;
    const { bytes } = reader;
    const first = Buffer.concat([bytes.subarray(0, 5000), bytes.subarray(700_000, 700_001)]);
    const last = bytes.subarray(100_000, 100_000 + 3 * PAGE);
    expect(last).toEqual(owner.bytes.subarray(9, 9 + 3 * PAGE));
    expect([...result.checksums]).toEqual([crc32c(first, 0), 0, crc32c(last, 0)]);
    expect(result.headers.length).toBe(2 * NIXL_HEADER_BYTES);
    expect(result.headers.toString('latin1', 0, 8)).toBe('a record');
  });

  it('calls the library on one thread for each agent, and never on that of JavaScript', async () => {
    await reader.agent.read(request());
    expect(nixl.threads().size).toBe(2);
    expect(nixl.threads().has(process.pid)).toBe(false);
  });

  it('waits for as long as a transfer is in progress', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const result = reader.agent.read(request());
    await expectEventually(() => nixl.log().includes(`post_xfer_req ${peer}`));
    expect(reader.agent.health()).toMatchObject({
      up: true,
      peers: [peer],
      inFlight: { transfers: 1, bytes: 16 * KIB },
    });
    nixl.answer('get_xfer_status', 0);
    expect((await result).outcome).toBe('done');
    expect(reader.agent.health().inFlight).toEqual({ transfers: 0, bytes: 0 });
    expect(nixl.log().slice(-2)).toEqual([`release_xfer_req ${peer}`, 'destroy_xfer_req']);
  });

  it('takes a transfer that ends in its post', async () => {
    nixl.answer('post_xfer_req', 0);
    const { outcome, checksums } = await reader.agent.read(request({ groups: [1] }));
    expect([outcome, checksums[0]]).toEqual(['done', crc32c(owner.bytes.subarray(PAGE, 5 * PAGE), 0)]);
  });

  it('keeps the pages of a read that timed out in quarantine until the late end, and never releases it before', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const [result] = await readTooLong(1, { groups: [1] });
    expect([result?.outcome, result?.checksums.length]).toEqual(['timeout', 0]);
    expect(reader.agent.health()).toMatchObject({
      inFlight: { transfers: 0 },
      quarantined: { transfers: 1, bytes: 16 * KIB },
    });
    expect(nixl.log()).not.toContain(`release_xfer_req ${peer}`);
    reader.bytes.fill(0, PAGE, 2 * PAGE);
    nixl.answer('get_xfer_status', 0);
    await result?.settled;
    expect(reader.bytes.toString('latin1', PAGE, PAGE + 2)).toBe('kv');
    expect(reader.agent.health().quarantined).toEqual({ transfers: 0, bytes: 0 });
  });

  it('gives up a read whose signal aborts', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const abort = new AbortController();
    const reading = reader.agent.read(request({ signal: abort.signal }));
    abort.abort();
    const { outcome, settled } = await reading;
    expect(outcome).toBe('aborted');
    nixl.answer('get_xfer_status', 0);
    await settled;
    expect((await reader.agent.read(request({ signal: abort.signal }))).outcome).toBe('aborted');
  });

  it('settles at the deadline although the library does not return', async () => {
    nixl.hold('post_xfer_req');
    const { outcome, settled } = await reader.agent.read(request({ timeoutMs: BRIEF_MS }));
    expect(outcome).toBe('timeout');
    nixl.free('post_xfer_req');
    await settled;
  });

  it('takes back what waits behind a peer that answers nothing, so that nothing of it is left', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const wide = await start();
    await wide.agent.addPeer(owner.agent.metadata);
    const hanging = Array.from({ length: 16 }, () => wide.agent.read(request()));
    const waiting = await wide.agent.read(request({ timeoutMs: BRIEF_MS }));
    expect(waiting.outcome).toBe('timeout');
    await waiting.settled;
    expect(wide.agent.health().quarantined.transfers).toBe(0);
    nixl.answer('get_xfer_status', 0);
    expect((await Promise.all(hanging)).every(({ outcome }) => outcome === 'done')).toBe(true);
  });

  it('posts no more bytes of one peer at a time than it may hold, and a larger read alone', async () => {
    const narrow = await start({ maxPostedBytes: 40 * KIB });
    await narrow.agent.addPeer(owner.agent.metadata);
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const lengths = [16, 16, 16, 64, 8].map((length) => length * KIB);
    const settled: number[] = [];
    const reads = lengths.map(async (length, index) => {
      const timeoutMs = index === 2 ? BRIEF_MS : LONG_MS;
      const blocks = [owner.block(0, length)];
      const read = await narrow.agent.read({ peer, blocks, timeoutMs });
      await read.settled;
      settled.push(index);
      return read.outcome;
    });
    // The third one waits, and is taken back.
    expect(await reads[2]).toBe('timeout');
    expect([settled, posted()]).toEqual([[2], 2]);
    nixl.answer('get_xfer_status', undefined);
    expect(await Promise.all(reads)).toEqual(['done', 'done', 'timeout', 'done', 'done']);
    expect([posted(), settled.slice(3)]).toEqual([4, [3, 4]]);
  });

  it('leaves a peer no more than a quarter of a small region to be held by what it does not answer', async () => {
    const small = await start();
    const { agent } = small;
    await agent.addPeer(owner.agent.metadata);
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const blocks = [owner.block(0, 512 * KIB)];
    expect(await readTooLong(2, { blocks }, small)).toMatchObject([
      { outcome: 'timeout' },
      { outcome: 'timeout' },
    ]);
    const waiting = await agent.read(request({ blocks, timeoutMs: BRIEF_MS }));
    await waiting.settled;
    expect(waiting.outcome).toBe('timeout');
    expect(agent.health().quarantined.bytes).toBe(2 * 512 * KIB);
    nixl.answer('get_xfer_status', undefined);
    await expectEventually(() => agent.health().quarantined.transfers === 0);
    await agent.addPeer(owner.agent.metadata);
    expect((await agent.read(request({ blocks }))).outcome).toBe('done');
  });

  it('drops a peer that hangs with a read that is larger than what it may hold', async () => {
    const small = await start();
    const { agent } = small;
    await agent.addPeer(owner.agent.metadata);
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const [result] = await readTooLong(1, { blocks: [owner.block(0, 1025 * KIB)] }, small);
    expect(result?.outcome).toBe('timeout');
    expect(agent.health()).toMatchObject({ peers: [], quarantined: { bytes: 1025 * KIB } });
    nixl.answer('get_xfer_status', undefined);
    await result?.settled;
  });

  it('reads from one peer while another answers nothing', async () => {
    const second = await start();
    const name = await reader.agent.addPeer(second.agent.metadata);
    nixl.answer('get_xfer_status', IN_PROGRESS, peer);
    const hanging = reader.agent.read(request());
    const read = await reader.agent.read({ peer: name, blocks: [second.block(0, PAGE)], timeoutMs: LONG_MS });
    expect(read.outcome).toBe('done');
    nixl.answer('get_xfer_status', undefined, peer);
    await hanging;
  });

  it.each(['post_xfer_req', 'get_xfer_status'] as const)(
    'takes an error of %s for the death of the peer',
    async (call) => {
      nixl.answer(call, BACKEND);
      const { outcome, reason, settled } = await reader.agent.read(request());
      expect([outcome, reason]).toEqual(['gone', `${call}: BACKEND`]);
      await settled;
      expect(reader.agent.health()).toMatchObject({ up: true, peers: [] });
      expect((await reader.agent.read(request())).outcome).toBe('gone');
      await expectEventually(() => nixl.log().includes(`invalidate_remote_md ${peer}`));
      nixl.answer(call, undefined);
      expect(await reader.agent.addPeer(owner.agent.metadata)).toBe(peer);
      expect((await reader.agent.read(request())).outcome).toBe('done');
    },
  );

  it('forgets a dead peer only when its last read has ended', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const first = reader.agent.read(request());
    await expectEventually(() => nixl.log().includes(`post_xfer_req ${peer}`));
    nixl.answer('post_xfer_req', BACKEND);
    expect((await reader.agent.read(request())).outcome).toBe('gone');
    nixl.answer('post_xfer_req', undefined);
    const again = reader.agent.addPeer(owner.agent.metadata);
    await expectEventually(() => nixl.log().filter((call) => call === `load_remote_md ${peer}`).length > 2);
    expect(nixl.log()).not.toContain(`invalidate_remote_md ${peer}`);
    nixl.answer('get_xfer_status', NOT_FOUND);
    expect((await first).outcome).toBe('gone');
    nixl.answer('get_xfer_status', undefined);
    expect(await again).toBe(peer);
    expect((await reader.agent.read(request())).outcome).toBe('done');
  });

  it('keeps a peer whose memory does not reach as far as a read', async () => {
    const beyond = owner.block(4 * KIB * KIB - 10, 11, 0);
    expect(await reader.agent.read(request({ blocks: [beyond] }))).toMatchObject({
      outcome: 'failed',
      reason: 'create_xfer_req: BACKEND',
    });
    expect((await reader.agent.read(request())).outcome).toBe('done');
  });

  it('refuses reads outside its own region, and what makes no sense', async () => {
    const wrong: Partial<NixlRead>[] = [
      { blocks: [{ ...owner.block(0, PAGE), localOffset: 4 * KIB * KIB }] },
      { blocks: [{ ...owner.block(0, PAGE), localOffset: -1 }] },
      { blocks: [owner.block(0, 0)] },
      { groups: [2] },
      { groups: [1, 0, 1] },
      { blocks: [owner.block(0, 1), { ...owner.block(0, 1), memoryType: 'vram' }] },
      { blocks: [{ ...owner.block(0, 1), memoryType: 'vram' }], headers: [0n] },
    ];
    for (const more of wrong) expect((await reader.agent.read(request(more))).outcome).toBe('failed');
    expect(nixl.log().some((call) => call.startsWith('create_xfer_req'))).toBe(false);
  });

  it('has room for a limited number of reads, and of headers', async () => {
    const headers = Array.from({ length: 20_000 }, () => owner.agent.regionAddress);
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const long = reader.agent.read(request({ headers }));
    expect((await reader.agent.read(request({ headers }))).outcome).toBe('busy');
    const reads = Array.from({ length: 7 }, () => reader.agent.read(request()));
    expect((await reader.agent.read(request())).outcome).toBe('busy');
    nixl.answer('get_xfer_status', 0);
    expect((await long).headers.length).toBe(20_000 * NIXL_HEADER_BYTES);
    await Promise.all(reads);
    expect((await reader.agent.read(request({ headers }))).outcome).toBe('done');
  });

  it('drops a peer that leaves too many bytes in quarantine', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const results = await readTooLong(5);
    expect(reader.agent.health()).toMatchObject({ peers: [], error: expect.stringContaining(peer) });
    expect((await reader.agent.read(request())).outcome).toBe('gone');
    nixl.answer('get_xfer_status', 0);
    await Promise.all(results.map(({ settled }) => settled));
    expect(await reader.agent.addPeer(owner.agent.metadata)).toBe(peer);
  });

  it('adds a peer once, however many ask for it', async () => {
    const second = await start();
    const names = await Promise.all([1, 2, 3].map(() => reader.agent.addPeer(second.agent.metadata)));
    expect(names).toEqual(new Array(3).fill(second.agent.name));
    expect(nixl.log().filter((call) => call === `load_remote_md ${second.agent.name}`)).toHaveLength(1);
  });

  it('refuses metadata that are none, and asks again the next time', async () => {
    const refused = expect.objectContaining({ code: 'KV_NIXL_PEER', retryable: true });
    await expect(reader.agent.addPeer(Buffer.from('garbage'))).rejects.toEqual(refused);
    await expect(reader.agent.addPeer(Buffer.alloc(0))).rejects.toEqual(refused);
    const second = await start();
    nixl.answer('load_remote_md', BACKEND, second.agent.name);
    await expect(reader.agent.addPeer(second.agent.metadata)).rejects.toEqual(refused);
    nixl.answer('load_remote_md', undefined, second.agent.name);
    expect(await reader.agent.addPeer(second.agent.metadata)).toBe(second.agent.name);
  });

  it('does not wait for ever for the library to take a peer', async () => {
    const hasty = await start({ addPeerTimeoutMs: BRIEF_MS });
    nixl.hold('load_remote_md');
    await expect(hasty.agent.addPeer(owner.agent.metadata)).rejects.toMatchObject({ code: 'KV_NIXL_PEER' });
    nixl.free('load_remote_md');
  });

  it('removes peers, known or not', async () => {
    await reader.agent.removePeer('nobody');
    await reader.agent.removePeer(peer);
    expect(reader.agent.health().peers).toEqual([]);
    await expectEventually(() => nixl.log().includes(`invalidate_remote_md ${peer}`));
  });

  it('closes in order, and is closed', async () => {
    await reader.agent.close();
    await reader.agent.close();
    const order = [
      'invalidate_remote_md',
      'deregister_mem',
      'destroy_opt_args',
      'destroy_backend',
      'destroy_agent',
    ];
    const calls = nixl.log().map((line) => line.split(' ')[0]!);
    expect(calls.filter((call) => order.includes(call))).toEqual(order);
    const closed = expect.objectContaining({ code: 'KV_NIXL_CLOSED' });
    await expect(reader.agent.read(request())).rejects.toEqual(closed);
    await expect(reader.agent.addPeer(owner.agent.metadata)).rejects.toEqual(closed);
    expect(reader.agent.health().up).toBe(false);
  });

  it('lets go at its end of what the library is not done with, and keeps the memory mapped', async () => {
    nixl.answer('get_xfer_status', IN_PROGRESS);
    const reading = reader.agent.read(request());
    await reader.agent.close();
    reader.region.close();
    const { outcome, settled } = await reading;
    expect(outcome).toBe('aborted');
    await settled;
    expect(nixl.log()).toContain(`release_xfer_req ${peer}`);
    expect(isMapped(reader)).toBe(true);
    await owner.agent.close();
    owner.region.close();
    expect(isMapped(owner)).toBe(false);
  });
});
