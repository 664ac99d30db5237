import { type ArenaSpace } from '../../../arena/arena-space.interface.js';

export interface SerdeParts {
  readonly space: ArenaSpace;
  readonly crc32c: (bytes: Uint8Array, previous?: number) => number;
}
