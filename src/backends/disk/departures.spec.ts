import { beforeEach, describe, expect, it } from '@jest/globals';
import { PageAllocator } from '../../arena/page-allocator.js';
import { ManualClock } from '../../../test/support/clock.js';
import { RecordingLogger } from '../../../test/support/recording-logger.js';
import { BlockSpace } from './block-space.js';
import { Departures } from './departures.js';
import { MediumHealth } from './medium-health.js';

let space: BlockSpace;
let health: MediumHealth;
let departures: Departures;
/** How the journal answers, in turn, when the test lets it. */
let answers: ((error?: Error) => void)[];
let firstBlock: number;

beforeEach(async () => {
  answers = [];
  space = new BlockSpace({ allocator: new PageAllocator(10), evict: () => false });
  health = new MediumHealth('writing', new ManualClock(), new RecordingLogger());
  departures = new Departures({ append: (_, settled) => answers.push(settled) }, space, health);
  firstBlock = (await space.acquire(6)) as number;
});

describe('Departures', () => {
  it('gives blocks back when the journal has the removal, and not before', async () => {
    departures.add({ firstBlock, sequence: 1 });
    expect(space.usedBlocks).toBe(6);
    const settled = departures.settled();
    answers[0]!();
    await settled;
    expect(space.usedBlocks).toBe(0);
  });

  it('keeps blocks whose removal the medium did not take, and tells it again', async () => {
    departures.add({ firstBlock, sequence: 1 });
    const waiting = space.acquire(8);
    answers[0]!(new Error('ENOSPC'));
    expect(await waiting).toBe('failed');
    expect(health.healthy).toBe(false);
    expect(space.usedBlocks).toBe(6);

    departures.retry();
    departures.retry();
    expect(answers).toHaveLength(2);
    const next = space.acquire(8);
    answers[1]!();
    expect(await next).toBe(0);
  });

  it('has settled when all so far are answered, whatever comes later', async () => {
    await departures.settled();
    const second = (await space.acquire(1)) as number;
    departures.add({ firstBlock, sequence: 1 });
    const first = departures.settled();
    departures.add({ firstBlock: second, sequence: 2 });
    answers[0]!();
    await expect(first).resolves.toBeUndefined();
    expect(space.usedBlocks).toBe(1);
  });
});
