import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Arena } from '../../arena/arena.interface.js';
import { ArenaSpaceService } from '../../arena/arena-space.js';
import { createArena } from '../../arena/create-arena.js';
import { crc32c } from '../../common/crc32c.js';
import { PageAllocator } from '../../arena/page-allocator.js';
import { lruPolicy } from '../../modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../../../test/support/clock.js';
import { RecordingLogger } from '../../../test/support/recording-logger.js';
import { type ReadOutcome } from '../storage-backend.interface.js';
import { BlockSpace } from './block-space.js';
import { ChunkReader } from './chunk-reader.js';
import { type Transfer } from './data-file.js';
import { DiskIndex } from './disk-index.js';
import { MediumHealth } from './medium-health.js';
import { encodePut, putRecordBytes } from './record-codec.js';

const CONTENT = Buffer.alloc(100_000, 'content ');

let arena: Arena;
let clock: ManualClock;
let index: DiskIndex;
let health: MediumHealth;
let reader: ChunkReader;
let corrupt: string[];
/** Names of chunks that the medium cannot read. */
let unreadable: Set<string>;

beforeEach(() => {
  arena = createArena({ capacityBytes: 8 * 2 ** 20, native: false });
  clock = new ManualClock();
  corrupt = [];
  unreadable = new Set();
  const blocks = new BlockSpace({ allocator: new PageAllocator(1_000), evict: () => false });
  index = new DiskIndex({
    tier: 'disk',
    capacityBytes: 4_096_000,
    blockBytes: 4096,
    policy: lruPolicy.create(16),
    clock,
    seed: 1,
    crc32c,
    onDeparture: ({ firstBlock }) => blocks.leave(firstBlock),
  });
  health = new MediumHealth('reading', clock, new RecordingLogger());
  const owners = new Map<number, string>();
  for (const name of ['a', 'b']) owners.set(insert(name, blocks), name);
  reader = new ChunkReader({
    space: new ArenaSpaceService(arena),
    index,
    blocks,
    health,
    file: { read: (transfer) => read(transfer, owners) },
    onCorrupt: (key) => corrupt.push(key.toString()),
  });
});

afterEach(() => {
  expect(arena.usage().references).toBe(0);
  arena.close();
});

function insert(name: string, blocks: BlockSpace): number {
  const allocated = { page: name === 'a' ? 0 : 25, pages: 25 };
  void blocks.acquire(25);
  const body = Buffer.alloc(putRecordBytes(1, 0, 1));
  encodePut(body, {
    sequence: index.nextSequence(),
    lastUse: index.sequence,
    namespace: 0,
    key: Buffer.from(name),
    metadata: Buffer.alloc(0),
    lengthBytes: CONTENT.length,
    checksum: crc32c(CONTENT),
    expiresAtMs: 0,
    depth: -1,
    form: { encoded: false, loss: 'none' },
    runs: [allocated],
  });
  index.insert(ChunkKey.of(name), body);
  return allocated.page;
}

function read({ views, runs }: Transfer, owners: ReadonlyMap<number, string>): Promise<number> {
  if (unreadable.has(owners.get(runs[0]!.page)!)) return Promise.reject(new Error('EIO'));
  let at = 0;
  for (const view of views) at += CONTENT.copy(view, 0, at);
  return Promise.resolve(crc32c(CONTENT));
}

async function outcomeOf(name: string): Promise<string> {
  const outcome: ReadOutcome = await reader.get(ChunkKey.of(name));
  if (typeof outcome === 'string') return outcome;
  using handle = outcome;
  return Buffer.concat(handle.views).equals(CONTENT) ? 'hit' : 'wrong bytes';
}

describe('ChunkReader', () => {
  it('answers with misses while reading fails, tries again now and then, and keeps the chunks', async () => {
    unreadable = new Set(['a', 'b']);
    for (const name of ['a', 'b', 'a', 'b']) expect(await outcomeOf(name)).toBe('miss');
    expect(health.healthy).toBe(false);
    unreadable.clear();
    expect(await outcomeOf('a')).toBe('miss');
    clock.advance(1_000);
    expect(await outcomeOf('a')).toBe('hit');
    expect(health.healthy).toBe(true);
    expect(await outcomeOf('b')).toBe('hit');
    expect(corrupt).toEqual([]);
  });

  it('gives up a chunk that fails again while others can be read', async () => {
    unreadable.add('a');
    expect(await outcomeOf('a')).toBe('miss');
    clock.advance(1_000);
    expect(await outcomeOf('b')).toBe('hit');
    expect(await outcomeOf('a')).toBe('corrupt');
    expect(corrupt).toEqual(['a']);
    clock.advance(1_000);
    expect(await outcomeOf('a')).toBe('miss');
    expect(await outcomeOf('b')).toBe('hit');
  });

  it('does not use up the attempt of a failing medium on a chunk for which there is no room', async () => {
    unreadable.add('a');
    await outcomeOf('a');
    unreadable.clear();
    clock.advance(1_000);
    const all = { key: ChunkKey.of('all'), lengthBytes: arena.usage().freeBytes - 64 * 1024 };
    const hog = arena.allocate(all)!;
    expect(await outcomeOf('a')).toBe('busy');
    hog[Symbol.dispose]();
    expect(await outcomeOf('a')).toBe('hit');
  });
});
