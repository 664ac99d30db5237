import { constants } from 'node:fs';
import { access, open, readFile, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatBytes } from '../../common/format-bytes.js';
import { type TierConfig } from '../../config/kvnest-config.interface.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

/** The directories of the tiers on disk: can they be written, how, and is there room. */
export const checkDisks: Check = async ({ tiers }) => {
  const diagnoses = await Promise.all(tiers.map((tier) => checkTier(tier)));
  return diagnoses.flat();
};

async function checkTier({ name, path, capacityBytes }: TierConfig): Promise<readonly Diagnosis[]> {
  if (path === undefined) return [];
  const at = `tier ${name}: ${path}`;
  const folder = await nearestFolder(path);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch {
    return [
      fail(`${at} cannot be written`, `Give this user the right to write to ${folder}, or set another path.`),
    ];
  }
  return [await checkDirect(at, folder), await checkRoom(at, folder, capacityBytes)];
}

/** The directory itself, or where it would be made. */
async function nearestFolder(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    return dirname(path) === path ? path : nearestFolder(dirname(path));
  }
}

async function checkDirect(at: string, folder: string): Promise<Diagnosis> {
  const type = await fileSystemOf(folder);
  const probe = join(folder, `.kvnest-doctor-${process.pid}`);
  try {
    const file = await open(
      probe,
      constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_DIRECT,
    );
    await file.close();
    return ok(`${at} is on ${type}, which has O_DIRECT`);
  } catch {
    return warn(`${at} is on ${type}, which has no O_DIRECT`, 'Use ext4 or xfs for full speed.');
  } finally {
    await unlink(probe).catch(() => undefined);
  }
}

/** Type of the file system, from the longest mount point above the folder. */
async function fileSystemOf(folder: string): Promise<string> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const above = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point = '-']) => point === '/' || folder === point || folder.startsWith(`${point}/`));
  const longest = above.reduce<string[]>(
    (best, mount) => ((mount[1] ?? '') >= (best[1] ?? '') ? mount : best),
    [],
  );
  return longest[2] ?? 'an unknown file system';
}

async function checkRoom(at: string, folder: string, capacityBytes: number): Promise<Diagnosis> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= capacityBytes) return ok(`${at} has ${formatBytes(free)} free`);
  return warn(
    `${at} has ${formatBytes(free)} free, and the tier may grow to ${formatBytes(capacityBytes)}`,
    'Make the tier smaller, unless what it holds already lies there.',
  );
}
