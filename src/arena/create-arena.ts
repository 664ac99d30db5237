import { KvError } from '../common/errors/kv-error.js';
import { MIN_CAPACITY_BYTES, PAGE_BYTES } from './arena-layout.js';
import { type Arena } from './arena.interface.js';
import { crc32c } from './crc32c.js';
import { openFallbackRegion } from './fallback-region.js';
import { RegionArena } from './region-arena.js';

export interface CreateArenaOptions {
  /** The whole region, tables included; rounded down to 4 KiB. At least 1 MiB. */
  readonly capacityBytes: number;
  /** Whether the addon is used where it is built. Default true. */
  readonly native?: boolean;
  /** Gives the region a file under /dev/shm that other processes can map. */
  readonly name?: string;
  readonly logger?: { log(message: string): void; warn(message: string): void };
}

/** @throws KV_ARENA_CAPACITY for a capacity that is no size. */
export function createArena(options: CreateArenaOptions): Arena {
  const { capacityBytes } = options;
  if (!Number.isSafeInteger(capacityBytes) || capacityBytes < MIN_CAPACITY_BYTES) {
    throw new KvError('KV_ARENA_CAPACITY', `an arena cannot have ${capacityBytes} bytes`, {
      kind: 'config',
      remedy: `Give it at least ${MIN_CAPACITY_BYTES} bytes.`,
    });
  }
  const rounded = Math.floor(capacityBytes / PAGE_BYTES) * PAGE_BYTES;
  return new RegionArena(openFallbackRegion(rounded), { crc32c });
}
