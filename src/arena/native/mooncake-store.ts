import { loadNative } from './load-native.js';
import { type NativeMooncakeSettings, type NativeMooncakeStore } from './native.types.js';

/**
 * A client of a Mooncake Store by Mooncake's own library, not opened yet.
 *
 * @param threads for its calls, which block.
 * @returns why there is none, without the addon.
 */
export function createMooncakeStore(
  threads: number,
  settings: NativeMooncakeSettings,
): NativeMooncakeStore | string {
  const { addon, reason } = loadNative();
  return addon === undefined
    ? `the native addon is ${reason ?? 'absent'}`
    : new addon.MooncakeStore(threads, settings);
}
