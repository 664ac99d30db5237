import { type Arena, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';

const FILLER_BYTES = 64 * 1024;

/** Takes all there is. */
export function fillArena(arena: Arena): ArenaHandle[] {
  const fillers: ArenaHandle[] = [];
  for (;;) {
    const filler = arena.allocate({
      key: ChunkKey.of(`filler-${fillers.length}`),
      lengthBytes: FILLER_BYTES,
    });
    if (filler === undefined) return fillers;
    fillers.push(filler);
  }
}

/** Fills the arena and empties every other place of 64 KiB, so that a large chunk gets several extents. */
export function fragmentArena(arena: Arena): ArenaHandle[] {
  const fillers = fillArena(arena);
  fillers.forEach((filler, i) => i % 2 === 0 && filler[Symbol.dispose]());
  return fillers.filter((_, i) => i % 2 === 1);
}
