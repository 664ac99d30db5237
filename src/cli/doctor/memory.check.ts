import { formatBytes } from '../../common/format-bytes.js';
import { type Check, fail, ok } from './diagnosis.interface.js';

/** What the process takes beside the arena. */
const PROCESS_BYTES = 150 * 2 ** 20;

/** Whether the arena fits into what the machine, or the container, has. It is memory of the process: `/dev/shm` may be small. */
export const checkMemory: Check = ({ arena }) => {
  const needed = arena.capacityBytes + PROCESS_BYTES;
  const available = process.availableMemory();
  if (available >= needed) return [ok(`memory: ${formatBytes(available)} available`)];
  return [
    fail(
      `memory: ${formatBytes(available)} available, ${formatBytes(needed)} needed`,
      'Make the memory tier (and arena.capacity) smaller, or give the machine or container more memory.',
    ),
  ];
};
