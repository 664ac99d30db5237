import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { KvError } from '../../common/errors/kv-error.js';
import { type NativeAddon } from './native.types.js';

const DIRECTORY = '/dev/shm';
const PREFIX = 'kvnest-';
const NAME = /^[\w.-]{1,64}$/;
const CREATE_ATTEMPTS = 10;

type LockFile = NativeAddon['lockFile'];

/** A new file under /dev/shm, locked by this process: the lock is the sign that its owner lives. */
export interface RegionFile {
  readonly fd: number;
  readonly path: string;
}

/** @throws KV_ARENA_NAME for a name that is not one, or that another process has. */
export function createRegionFile(name: string, lockFile: LockFile): RegionFile {
  if (!NAME.test(name)) throw nameError(`${JSON.stringify(name)} cannot name an arena`);
  const path = join(DIRECTORY, PREFIX + name);
  for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
    const fd = tryOpen(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR);
    if (fd === undefined) throw nameError(`another process has an arena named ${name}`);
    // Between the two calls somebody may have taken the file for a dead owner's.
    if (lockFile(fd) && isAt(fd, path)) return { fd, path };
    closeSync(fd);
  }
  throw nameError(`could not lock ${path}`);
}

/** Removes the files that processes left which died without a chance to. @returns their paths. */
export function removeDeadRegionFiles(lockFile: LockFile, directory = DIRECTORY): string[] {
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory).filter((file) => file.startsWith(PREFIX));
  return files.map((file) => join(directory, file)).filter((path) => removeIfDead(path, lockFile));
}

function removeIfDead(path: string, lockFile: LockFile): boolean {
  const fd = tryOpen(path, constants.O_RDWR);
  if (fd === undefined) return false;
  try {
    if (!lockFile(fd) || !isAt(fd, path)) return false;
    unlinkSync(path);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** @returns undefined when it is there already, is gone, or belongs to another user. */
function tryOpen(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && ['EEXIST', 'ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'EISDIR'].includes(code)) {
      return undefined;
    }
    throw error;
  }
}

function isAt(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.ino === fstatSync(fd).ino;
}

function nameError(message: string): KvError {
  return new KvError('KV_ARENA_NAME', message, {
    kind: 'config',
    remedy: 'Choose another name: up to 64 letters, digits, dots and dashes.',
  });
}
