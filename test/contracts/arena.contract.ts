import { describe } from '@jest/globals';
import { type Arena } from '../../src/arena/arena.interface.js';
import { ArenaWorld } from './arena/arena-world.js';
import { describeEnds } from './arena/ends.suite.js';
import { describeHandles } from './arena/handles.suite.js';
import { describeRoom } from './arena/room.suite.js';

/** What every arena must do. `create` makes one of this capacity; the suite closes it. */
export function describeArenaContract(name: string, create: (capacityBytes: number) => Arena): void {
  describe(`arena contract: ${name}`, () => {
    const world = new ArenaWorld(create);
    describeRoom(world);
    describeHandles(world);
    describeEnds(world);
  });
}
