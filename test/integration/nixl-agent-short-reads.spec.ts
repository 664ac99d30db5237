import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type NixlRead, type NixlReadResult } from '../../src/backends/nixl/agent/nixl-agent.interface.js';
import { crc32c } from '../../src/common/crc32c.js';
import { expectEventually } from '../support/eventually.js';
import { BACKEND, FakeNixl, IN_PROGRESS, missingForFakeNixl } from '../support/nixl/fake-nixl.js';
import { AgentWithRegion } from '../support/nixl/nixl-agents.js';
import { describeWithPeer } from '../support/peer.js';

const KIB = 1024;
const PAGE = 4096;
const MIB = KIB * KIB;
const LONG_MS = 60_000;
const DONE = 0;

// A double of the library: which calls end at once, and on which thread they are made, the real one does not tell.
describeWithPeer(missingForFakeNixl())('a short read over NIXL', () => {
  let nixl: FakeNixl;
  let owner: AgentWithRegion;
  let reader: AgentWithRegion;
  let peer: string;

  const request = (lengthBytes = 16 * KIB, more: Partial<NixlRead> = {}): NixlRead => ({
    peer,
    blocks: [owner.block(PAGE, lengthBytes)],
    timeoutMs: LONG_MS,
    ...more,
  });
  const read = (lengthBytes?: number, more?: Partial<NixlRead>): Promise<NixlReadResult> =>
    reader.agent.read(request(lengthBytes, more));
  /** Of each read, whether it was made on the thread of JavaScript. */
  const madeHere = (): boolean[] => nixl.threadsOf('post_xfer_req').map((thread) => thread === process.pid);

  /** Until a read is made on the thread of JavaScript: none is for a while after a turn that takes long. */
  const untilMadeHere = (): Promise<void> =>
    expectEventually(async () => {
      expect((await read()).outcome).toBe('done');
      return madeHere().at(-1) === true;
    });

  beforeAll(() => {
    nixl = new FakeNixl();
  });
  afterAll(() => nixl[Symbol.dispose]());

  beforeEach(async () => {
    nixl.reset();
    owner = await AgentWithRegion.start(nixl.path);
    reader = await AgentWithRegion.start(nixl.path);
    owner.bytes.fill('kv', PAGE, PAGE + MIB);
    peer = await reader.agent.addPeer(owner.agent.metadata);
    nixl.answer('post_xfer_req', DONE);
  });
  afterEach(async () => {
    nixl.free('load_remote_md');
    await reader[Symbol.asyncDispose]();
    await owner[Symbol.asyncDispose]();
  });

  it('is made on the thread of JavaScript when the read before it has ended in its post', async () => {
    await read();
    expect(madeHere()).toEqual([false]);
    await untilMadeHere();
    const got = await read(16 * KIB, { groups: [1], headers: [owner.agent.regionAddress] });
    expect([got.outcome, got.checksums[0], got.headers.length]).toEqual([
      'done',
      crc32c(owner.bytes.subarray(PAGE, PAGE + 16 * KIB), 0),
      128,
    ]);
    expect(reader.agent.health()).toMatchObject({ inFlight: { transfers: 0, bytes: 0 } });
  });

  it('is one in a turn of the event loop, and others have their turns between two', async () => {
    await untilMadeHere();
    const before = madeHere().length;
    const first = read();
    const others = [read(), read()];
    await Promise.all([first, ...others]);
    expect(madeHere().slice(before + 1)).toEqual([false, false]);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    for (let i = 0; i < 20; i++) await read();
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it.each([
    ['has more than 1 MiB', () => read(MIB + 1)],
    [
      'has more than 16 blocks and headers',
      () => read(1, { blocks: new Array<NixlRead['blocks'][0]>(17).fill(owner.block(PAGE, 1)) }),
    ],
  ])('is not what %s', async (_, readMore) => {
    await untilMadeHere();
    for (let i = 0; i < 5; i++) {
      await untilMadeHere();
      expect((await readMore()).outcome).toBe('done');
      expect(madeHere().at(-1)).toBe(false);
    }
  });

  it('that goes on behind its post is seen to its end by the thread of the agent, and the next one, too', async () => {
    await untilMadeHere();
    nixl.answer('post_xfer_req', IN_PROGRESS);
    await expectEventually(async () => {
      owner.bytes.fill('new', PAGE, PAGE + 16 * KIB);
      expect((await read()).outcome).toBe('done');
      expect(reader.bytes.subarray(PAGE, PAGE + 9).toString()).toBe('newnewnew');
      return madeHere().at(-1) === false;
    });
    expect(madeHere().filter((isHere) => isHere).length).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) await read();
    expect(madeHere().slice(-5)).toEqual(new Array(5).fill(false));
  });

  it('that fails is the end of its peer, which is forgotten', async () => {
    await untilMadeHere();
    nixl.answer('post_xfer_req', BACKEND);
    const { outcome, reason } = await read();
    expect([outcome, reason]).toEqual(['gone', 'post_xfer_req: BACKEND']);
    await expectEventually(() => nixl.log().includes(`invalidate_remote_md ${peer}`));
    expect((await read()).outcome).toBe('gone');
    nixl.answer('post_xfer_req', DONE);
    expect(await reader.agent.addPeer(owner.agent.metadata)).toBe(peer);
    await untilMadeHere();
  });

  it('waits for nobody on the thread of JavaScript while the library is busy with something else', async () => {
    await using other = await AgentWithRegion.start(nixl.path);
    await untilMadeHere();
    const before = madeHere().length;
    nixl.hold('load_remote_md');
    const added = reader.agent.addPeer(other.agent.metadata);
    await expectEventually(() => nixl.log().includes(`load_remote_md ${other.agent.name}`));
    const waiting = read();
    // In further turns, all of which go on.
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    expect(madeHere().length).toBe(before);
    nixl.free('load_remote_md');
    expect((await waiting).outcome).toBe('done');
    expect(await added).toBe(other.agent.name);
    expect(madeHere().slice(before)).toEqual([false]);
  });

  it('is over in its time when the agent is closed', async () => {
    await untilMadeHere();
    const last = read();
    await reader.agent.close();
    expect(['done', 'aborted']).toContain((await last).outcome);
  });
});
