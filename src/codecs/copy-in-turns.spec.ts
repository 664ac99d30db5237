import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { ArenaSpaceService } from '../arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../arena/arena.interface.js';
import { createArena } from '../arena/create-arena.js';
import { ExtentWriter } from '../arena/extent-writer.js';
import { crc32c } from '../common/crc32c.js';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { encodeChunkHeader } from '../protocols/encoded-chunk/encoded-chunk.js';
import { ChunkDecoder } from './chunk-decoder.js';
import { type CodecPlace } from './codec-place.interface.js';
import { copyInTurns } from './copy-in-turns.js';
import { ViewReader } from './view-reader.js';
import { writeEncoded } from './write-encoded.js';

const BYTES = 2 ** 20;
const TURN_BYTES = 2 ** 18;

/** How much of it was done in each turn of the event loop; `left` is what remains to be done. */
async function perTurn(work: () => Promise<unknown>, left: () => number): Promise<number[]> {
  const steps: number[] = [];
  let isOver = false;
  let before = left();
  const turn = (): void => {
    steps.push(before - left());
    before = left();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  turn();
  return steps;
}

it('copies at most a quarter of a megabyte in one turn of the event loop, for all who copy', async () => {
  const source = new SeededRandom(1).bytes(BYTES);
  // As extents lie: in pieces of other lengths than the source's.
  const writers = [1, 2].map(
    () => new ExtentWriter([Buffer.alloc(100_001), Buffer.alloc(BYTES - 100_001)], crc32c),
  );
  const copies = (): Promise<unknown> =>
    Promise.all(
      writers.map((writer) =>
        copyInTurns(new ViewReader([source.subarray(0, 7), source.subarray(7)]), writer),
      ),
    );
  const steps = await perTurn(copies, () => writers.reduce((sum, one) => sum + one.remainingBytes, 0));
  expect(Math.max(...steps)).toBe(TURN_BYTES);
  for (const writer of writers) expect([writer.done, writer.checksum]).toEqual([true, crc32c(source)]);
});

describe('a frame of what does not shrink', () => {
  let arena: Arena;
  let place: CodecPlace;

  beforeEach(() => {
    arena = createArena({ capacityBytes: 16 * BYTES });
    place = { space: new ArenaSpaceService(arena), crc32c };
  });
  afterEach(() => arena.close());

  function chunkOf(bytes: Buffer): ArenaHandle {
    const handle = place.space.reserve({ key: ChunkKey.of('plain'), lengthBytes: bytes.length });
    if (typeof handle === 'string') throw new Error(handle);
    const writer = new ExtentWriter(handle.views, crc32c);
    writer.write(bytes);
    handle.seal(writer.checksum);
    return handle;
  }

  it('is written and read in as many turns as that takes, and nothing of it changes', async () => {
    const bytes = new SeededRandom(2).bytes(3 * BYTES + 5);
    using chunk = chunkOf(bytes);
    const { lengthBytes, checksum, views } = chunk;
    const none = { codec: 'none', elementBytes: 1, elementType: 0, blockBytes: 0, blocks: [] } as const;
    const header = encodeChunkHeader({ ...none, lengthBytes, checksum }, crc32c);
    let framed: ArenaHandle | undefined;
    const writing = await perTurn(
      async () => (framed = await writeEncoded(place, chunk, header, views, lengthBytes)),
      () => 0,
    );
    let plain: ArenaHandle | string | undefined;
    const reading = await perTurn(
      async () => (plain = await new ChunkDecoder(place).decode(framed!)),
      () => 0,
    );
    using decoded = plain as ArenaHandle;
    expect(Buffer.concat(decoded.views).equals(bytes)).toBe(true);
    expect(decoded.checksum).toBe(checksum);
    for (const turns of [writing.length, reading.length]) {
      expect(turns).toBeGreaterThanOrEqual(lengthBytes / TURN_BYTES);
    }
  });
});
