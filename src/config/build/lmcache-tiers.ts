import { resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { diskDirectories } from './local-disk.js';
import { type TierContext } from './tier-context.js';

export const BYTES_PER_LMCACHE_GB = 2 ** 30;

/** Memory and disk, as far as LMCache's keys want them. */
export function tiersOfLmcacheKeys(
  settings: KvnestSettings,
  policy: string,
  context: TierContext,
  findings: Findings,
): readonly TierConfig[] {
  const tiers: TierConfig[] = [];
  const memoryBytes = Math.floor(settings.max_local_cpu_size * BYTES_PER_LMCACHE_GB);
  const diskBytes = Math.floor(settings.max_local_disk_size * BYTES_PER_LMCACHE_GB);
  if (settings.local_cpu && memoryBytes > 0) {
    tiers.push({ name: 'memory', type: 'memory', capacityBytes: memoryBytes, policy, options: {} });
  }
  if (settings.local_disk !== null && diskBytes > 0) {
    const path = diskDirectory(settings, context, findings);
    tiers.push({ name: 'disk', type: 'disk', capacityBytes: diskBytes, policy, path, options: {} });
  }
  return tiers;
}

function diskDirectory(
  { local_disk, data_dir }: KvnestSettings,
  { cwd }: TierContext,
  findings: Findings,
): string {
  if (local_disk === undefined || local_disk === null) return resolve(cwd, data_dir, 'disk');
  const [first, ...others] = diskDirectories(local_disk);
  if (others.length > 0) {
    findings.warn(
      `local_disk names several directories; chunks go to the first, ${String(first)} (list tiers for more)`,
    );
  }
  if (first === '~' || first?.startsWith('~/') === true) {
    findings.warn(
      'local_disk begins with ~, which is taken for the name of a directory; write the whole path',
    );
  }
  if (first !== undefined && first !== '') return resolve(cwd, first);
  findings.problem('local_disk', 'must be a directory, a file:// URI of one, or null for no disk');
  return '';
}
