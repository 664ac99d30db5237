import { type Findings } from '../findings.js';
import { type DoorLimits, type KvnestConfig } from '../kvnest-config.interface.js';
import { formatBytes } from '../../common/format-bytes.js';

const EVERYWHERE = new Set(['0.0.0.0', '::', '*']);
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** Checks that need more than one setting. */
export function checkConsistency(config: KvnestConfig, findings: Findings): void {
  checkDoors(config, findings);
  checkArenaHoldsMemoryTiers(config, findings);
}

function checkDoors({ doors, auth }: KvnestConfig, findings: Findings): void {
  const open = Object.entries(doors).filter((door): door is [string, DoorLimits] => door[1] !== false);
  for (const [index, [name, door]] of open.entries()) {
    const twin = open.slice(0, index).find(([, earlier]) => collide(earlier, door));
    if (twin !== undefined) {
      findings.problem(
        `doors.${name}.port`,
        `${door.port} is the port of doors.${twin[0]}, too; give each its own`,
      );
    }
    if (name === 'lm' && auth.token !== undefined) {
      findings.warn('doors.lm cannot ask for auth.token: whoever reaches it can read and write');
    }
    if (!LOOPBACK.test(door.host) && auth.token === undefined) {
      findings.warn(
        `doors.${name} listens on ${door.host} and auth.token is not set: anybody there can read and write`,
      );
    }
  }
}

function collide(a: DoorLimits, b: DoorLimits): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || EVERYWHERE.has(a.host) || EVERYWHERE.has(b.host);
}

function checkArenaHoldsMemoryTiers({ arena, tiers }: KvnestConfig, findings: Findings): void {
  const memory = tiers.filter(({ type }) => type === 'memory');
  const needed = memory.reduce((sum, tier) => sum + tier.capacityBytes, 0);
  if (needed <= arena.capacityBytes) return;
  findings.problem(
    'arena.capacity',
    `${formatBytes(arena.capacityBytes)} cannot hold the memory tiers; leave it out or give at least ${formatBytes(needed)}`,
  );
}
