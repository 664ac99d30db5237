import { readFile } from 'node:fs/promises';
import { type Check, ok, warn } from './diagnosis.interface.js';

/** Files that the server opens beside its connections. */
const OTHER_FILES = 256;

/** Whether the process may open as many sockets as the doors take connections. */
export const checkLimits: Check = async ({ doors }) => {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return [];
  const needed = Object.values(doors).reduce(
    (sum, door) => sum + (door === false ? 0 : door.maxConnections),
    OTHER_FILES,
  );
  if (soft === 'unlimited' || Number(soft) >= needed) return [ok(`open files: ${soft} allowed`)];
  return [
    warn(
      `open files: ${soft} allowed, the doors take up to ${needed}`,
      `Raise the limit (ulimit -n ${needed}), or lower doors.*.max_connections.`,
    ),
  ];
};
