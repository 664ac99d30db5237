import { basename } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { KvError } from '../../common/errors/kv-error.js';
import { type Region } from '../region.interface.js';
import { type NativeAddon } from './native.types.js';
import { createRegionFile, removeDeadRegionFiles, type RegionFile } from './region-files.js';

/** Faulted in before the server starts; the rest follows in the background. */
const SYNC_BYTES = 2 ** 30;

/**
 * Memory that is faulted in, in huge pages where the system has them; with a name it is shared, reserved in full, and
 * other processes can map it.
 *
 * @throws KV_ARENA_NO_SHM when there is not enough of it; KV_ARENA_NAME for a name that cannot be had.
 */
export function openNativeRegion(addon: NativeAddon, capacityBytes: number, name?: string): Region {
  removeDeadRegionFiles(addon.lockFile);
  // The kernel would rather kill a process than refuse memory.
  if (capacityBytes > process.availableMemory())
    throw noSharedMemory(capacityBytes, name, 'not enough free memory');
  const file: RegionFile = name === undefined ? { fd: -1, path: '' } : createRegionFile(name, addon.lockFile);
  const region = new addon.Region(file.fd, file.path, capacityBytes, SYNC_BYTES);
  if (region.error !== undefined) {
    const { call, code } = region.error;
    throw noSharedMemory(capacityBytes, name, `${call}: ${getSystemErrorMap().get(-code)?.[0] ?? code}`);
  }
  return {
    buffer: region.buffer,
    native: true,
    name: name && basename(file.path),
    close: () => region.close(),
  };
}

function noSharedMemory(capacityBytes: number, name: string | undefined, cause: string): KvError {
  const more =
    name === undefined ? 'give the container more memory' : 'run the container with a larger --shm-size';
  return new KvError('KV_ARENA_NO_SHM', `no ${capacityBytes} bytes of memory for the arena: ${cause}`, {
    kind: 'config',
    remedy: `Choose a smaller capacity, or ${more}.`,
  });
}
