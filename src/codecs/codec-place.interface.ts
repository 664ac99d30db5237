import { type ArenaSpace } from '../arena/arena-space.interface.js';

/** Where chunks are encoded and decoded. */
export interface CodecPlace {
  readonly space: ArenaSpace;
  readonly crc32c: (bytes: Uint8Array, previous?: number) => number;
}
