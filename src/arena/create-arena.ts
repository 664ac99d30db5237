import { KvError } from '../common/errors/kv-error.js';
import { MIN_CAPACITY_BYTES, PAGE_BYTES } from './arena-layout.js';
import { type Arena } from './arena.interface.js';
import { crc32c } from '../common/crc32c.js';
import { openFallbackRegion } from './fallback-region.js';
import { loadNative } from './native/load-native.js';
import { openNativeRegion } from './native/native-region.js';
import { RegionArena } from './region-arena.js';

export interface CreateArenaOptions {
  /** The whole region, tables included; rounded down to 4 KiB. At least 1 MiB. */
  readonly capacityBytes: number;
  /** Whether the addon is used where it is built. Default true. */
  readonly native?: boolean;
  /** Gives the region a file under /dev/shm that other processes can map. Only with the addon. */
  readonly name?: string;
  readonly logger?: { warn(message: string): void };
}

/**
 * Makes the arena: in memory of the addon, else, with one line in the log, on the process's own heap.
 *
 * @throws KV_ARENA_CAPACITY for a capacity that is no size, KV_ARENA_NO_SHM when that much memory cannot be had,
 * KV_ARENA_NAME for a name that cannot be had.
 */
export function createArena(options: CreateArenaOptions): Arena {
  const { native = true, name, logger } = options;
  const capacityBytes = Math.floor(options.capacityBytes / PAGE_BYTES) * PAGE_BYTES;
  if (!Number.isSafeInteger(capacityBytes) || capacityBytes < MIN_CAPACITY_BYTES) {
    throw new KvError('KV_ARENA_CAPACITY', `an arena cannot have ${options.capacityBytes} bytes`, {
      kind: 'config',
      remedy: `Give it at least ${MIN_CAPACITY_BYTES} bytes.`,
    });
  }
  const { addon, reason } = native ? loadNative() : { reason: 'switched off by the configuration' };
  if (addon !== undefined) return new RegionArena(openNativeRegion(addon, capacityBytes, name), addon);
  logger?.warn(`The native addon is ${reason}: memory and checksums cost more.`);
  return new RegionArena(openFallbackRegion(capacityBytes), { crc32c });
}
