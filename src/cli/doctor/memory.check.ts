import { statfs } from 'node:fs/promises';
import { formatBytes } from '../../common/format-bytes.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

const SHM = '/dev/shm';
/** What the process takes beside the arena. */
const PROCESS_BYTES = 150 * 2 ** 20;

/** Whether the arena fits into what the machine, or the container, has. */
export const checkMemory: Check = async ({ arena }) => [
  checkAvailable(arena.capacityBytes, process.availableMemory()),
  ...(arena.native ? [await checkShm(arena.capacityBytes)] : []),
];

function checkAvailable(arenaBytes: number, availableBytes: number): Diagnosis {
  const needed = arenaBytes + PROCESS_BYTES;
  if (availableBytes >= needed) return ok(`memory: ${formatBytes(availableBytes)} available`);
  return fail(
    `memory: ${formatBytes(availableBytes)} available, ${formatBytes(needed)} needed`,
    'Make the memory tier (and arena.capacity) smaller, or give the machine or container more memory.',
  );
}

async function checkShm(arenaBytes: number): Promise<Diagnosis> {
  try {
    const { bavail, bsize } = await statfs(SHM);
    const free = bavail * bsize;
    if (free >= arenaBytes) return ok(`${SHM}: ${formatBytes(free)} free`);
    return fail(
      `${SHM}: ${formatBytes(free)} free, ${formatBytes(arenaBytes)} needed`,
      'In a container give --shm-size; elsewhere remount it larger, or make the memory tier smaller.',
    );
  } catch (error) {
    return warn(`${SHM}: ${String(error)}`, 'Without shared memory set arena.native: false.');
  }
}
