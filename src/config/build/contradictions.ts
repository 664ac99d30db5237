import { resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { type Assignment, type ConfigSource } from '../layers/assignment.js';
import { formatBytes } from '../../common/format-bytes.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { diskDirectories } from './local-disk.js';
import { BYTES_PER_LMCACHE_GB } from './lmcache-tiers.js';

const STRENGTH: Readonly<Record<ConfigSource, number>> = { file: 0, environment: 1, 'command line': 2 };

/**
 * `tiers` wins over LMCache's keys of a weaker source. Keys of the same or a stronger one that say something else are
 * mistakes: the user would wait for an effect that never comes.
 */
export function checkContradictions(
  settings: KvnestSettings,
  tiers: readonly TierConfig[],
  around: { readonly assignments: readonly Assignment[]; readonly cwd: string; readonly findings: Findings },
): void {
  const { assignments, findings, cwd } = around;
  const listed = assignments.findLast(({ path }) => path === 'tiers');
  if (listed === undefined || findings.hasProblemAt('tiers')) return;
  for (const [key, contradiction] of contradictions(settings, tiers, cwd)) {
    const given = assignments.findLast(({ path }) => path === key || path.startsWith(`${key}.`));
    if (given === undefined || STRENGTH[given.source] < STRENGTH[listed.source]) continue;
    findings.problem(key, `contradicts tiers, which ${contradiction}; give one of the two`, given.origin);
  }
}

function contradictions(
  settings: KvnestSettings,
  tiers: readonly TierConfig[],
  cwd: string,
): readonly (readonly [string, string])[] {
  return [
    ...memoryContradictions(settings, bytesOf('memory', tiers)),
    ...diskContradictions(settings, tiers, cwd),
    ...remoteContradictions(settings, tiers),
    ...externalContradictions(settings, tiers),
    ...peerContradictions(settings),
  ];
}

function memoryContradictions(settings: KvnestSettings, memory: number): [string, string][] {
  const found: [string, string][] = [];
  if (settings.local_cpu !== memory > 0)
    found.push(['local_cpu', `have ${memory > 0 ? 'a' : 'no'} memory tier`]);
  if (memory > 0 && differs(settings.max_local_cpu_size, memory)) {
    found.push(['max_local_cpu_size', `give memory ${formatBytes(memory)}`]);
  }
  return found;
}

function diskContradictions(
  settings: KvnestSettings,
  tiers: readonly TierConfig[],
  cwd: string,
): [string, string][] {
  const disk = bytesOf('disk', tiers);
  const wanted = diskDirectories(settings.local_disk ?? '').map((path) => resolve(cwd, path));
  const listed = tiers.flatMap(({ type, path }) => (type === 'disk' && path !== undefined ? [path] : []));
  const found: [string, string][] = [];
  if (wanted.length === 0 ? disk > 0 : !wanted.some((path) => listed.includes(path))) {
    found.push(['local_disk', disk > 0 ? `use ${listed.join(', ')}` : 'have no disk tier']);
  }
  if (disk > 0 && differs(settings.max_local_disk_size, disk)) {
    found.push(['max_local_disk_size', `give disks ${formatBytes(disk)}`]);
  }
  return found;
}

function remoteContradictions(settings: KvnestSettings, tiers: readonly TierConfig[]): [string, string][] {
  const listed = tiers.flatMap(({ url }) => (url === undefined ? [] : [url]));
  const missing = (settings.remote_url ?? []).filter((url) => !listed.includes(url));
  if (missing.length === 0) return [];
  return [['remote_url', listed.length === 0 ? 'have no remote tier' : 'name other stores']];
}

function peerContradictions({ nixl }: KvnestSettings): [string, string][] {
  return Object.keys(nixl).length === 0 ? [] : [['nixl', 'have options of their own']];
}

function externalContradictions(settings: KvnestSettings, tiers: readonly TierConfig[]): [string, string][] {
  const types = new Set(tiers.map(({ type }) => type));
  return (['storage_plugins', 'external_backends'] as const).flatMap((key) => {
    const missing = (settings[key] ?? []).filter((name) => !types.has(name));
    return missing.map((name): [string, string] => [key, `have none of type ${name}`]);
  });
}

function bytesOf(type: string, tiers: readonly TierConfig[]): number {
  return tiers.filter((tier) => tier.type === type).reduce((sum, tier) => sum + tier.capacityBytes, 0);
}

function differs(gib: number, bytes: number): boolean {
  return Math.floor(gib * BYTES_PER_LMCACHE_GB) !== bytes;
}
