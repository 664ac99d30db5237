import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LoadsByHand, nextTurn } from '../../../test/support/loads-by-hand.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadReads } from './ahead-reads.js';

const CROWDS = process.env['KVNEST_SOAK'] ? 300 : 12;
const PLACES = ['memory', 'disk', 'redis'];

/** Room for some chunks, which loads take as they take it from the arena. */
class Room {
  constructor(
    private readonly loads: LoadsByHand,
    private readonly ahead: AheadReads,
    private readonly random: SeededRandom,
    private chunks: number,
  ) {}

  take(key: ChunkKey): boolean {
    if (this.chunks === 0) this.ahead.reclaim(1, key);
    if (this.chunks === 0) return false;
    this.chunks--;
    return true;
  }

  giveBack(): void {
    this.chunks++;
  }

  async load(key: ChunkKey): Promise<ReadOutcome> {
    await this.turns(4);
    const hasRoom = this.take(key);
    // Room may be given back until the answer is there.
    await this.turns(3);
    if (!hasRoom) return 'busy';
    const handle = this.loads.chunk(key.toString());
    const dispose = handle[Symbol.dispose].bind(handle);
    return Object.assign(handle, {
      [Symbol.dispose]: () => {
        this.giveBack();
        dispose();
      },
    });
  }

  async turns(below: number): Promise<void> {
    for (let turns = this.random.below(below); turns > 0; turns--) await nextTurn();
  }
}

describe('readAhead at random', () => {
  let loads: LoadsByHand;
  beforeEach(() => {
    loads = new LoadsByHand();
  });
  afterEach(() => expect(loads.close()).toEqual([0, 0]));

  /** Reads one prefix, some of whose chunks may be missing. @returns what was to come, and what came. */
  async function readOne(name: string, room: Room, random: SeededRandom): Promise<readonly unknown[]> {
    const count = 1 + random.below(30);
    const missing = random.below(2) === 0 ? count : random.below(count);
    const places = Array.from({ length: count }, () => PLACES[random.below(3)]);
    const known = places.map((place) => (random.below(3) > 0 ? place : undefined));
    const got: number[] = [];
    const options = {
      from: (key: ChunkKey) =>
        key.toString() === `${name}${missing}` ? Promise.resolve<ReadOutcome>('miss') : room.load(key),
      now: known,
      later: nextTurn().then(() => places),
      patienceMs: 60_000,
      prefix: name,
    };
    await new Promise<void>((resolve, reject) => {
      loads.read(count, 1 + random.below(4), options).subscribe({
        next: ({ item, handle }) => {
          got.push(item.index);
          void room.turns(3).then(() => handle[Symbol.dispose]());
        },
        complete: resolve,
        error: reject,
      });
    });
    expect([name, ...got]).toEqual([name, ...Array(missing).keys()]);
    return got;
  }

  /** Takes room now and then, as puts do. */
  async function write(room: Room, random: SeededRandom, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await room.turns(6);
      if (!room.take(ChunkKey.of('other'))) continue;
      await room.turns(1 + random.below(6));
      room.giveBack();
    }
  }

  it('ends, in order and with nothing left, whatever the tiers answer and whenever', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed);
      const ahead = loads.share(1000 * random.below(8));
      const room = new Room(loads, ahead, random, 1 + random.below(6));
      await readOne(`s${seed}-`, room, random);
      await expectNothingLeft(ahead);
    }
  });

  it('ends also where many share little room with who writes all the time', async () => {
    for (let seed = 1; seed <= CROWDS; seed++) {
      const random = new SeededRandom(seed);
      const ahead = loads.share(1000 * random.below(12));
      const room = new Room(loads, ahead, random, 1 + random.below(8));
      let isOver = false;
      const writing = Array.from({ length: 1 + random.below(3) }, () => write(room, random, () => isOver));
      const names = Array.from({ length: 2 + random.below(4) }, (_, i) => `s${seed}-${i}-`);
      await Promise.all(names.map((name) => readOne(name, room, random)));
      isOver = true;
      await Promise.all(writing);
      await expectNothingLeft(ahead);
    }
  });

  /** What loads on arrives within some turns. */
  async function expectNothingLeft(ahead: AheadReads): Promise<void> {
    for (let turns = 0; turns < 20 && loads.arena.usage().references > 0; turns++) await nextTurn();
    expect([loads.arena.usage().references, ahead.freeBytes]).toEqual([0, ahead.totalBytes]);
  }
});
