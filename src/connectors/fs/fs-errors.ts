import { type KvError, isKvError } from '../../common/errors/kv-error.js';
import { remoteFailed, remoteRefused, remoteUnreachable } from '../connector-errors.js';

/** EEXIST: a file is where the directory should be. */
const GONE = new Set([
  'ENOENT',
  'ENOTDIR',
  'EEXIST',
  'ESTALE',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENOTCONN',
]);
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS']);
const NO_FILE = new Set(['ELOOP', 'ENXIO']);
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** @returns what an error of the file system means to the caller of a connector. */
export function fsError(store: string, error: unknown): KvError {
  if (isKvError(error)) return error;
  const code = errnoOf(error);
  const message = (error as Error | undefined)?.message ?? String(error);
  if (GONE.has(code)) return remoteUnreachable(store, error);
  if (FORBIDDEN.has(code)) return remoteRefused(store, message, error);
  return remoteFailed(store, message, { retryable: true, cause: error });
}

export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT';
}

export function isFull(error: unknown): boolean {
  return FULL.has(errnoOf(error));
}

/** There is a link or a socket instead. */
export function isNoFile(error: unknown): boolean {
  return NO_FILE.has(errnoOf(error));
}

/** The file system has a limit on the size of a file. */
export function isTooBig(error: unknown): boolean {
  return errnoOf(error) === 'EFBIG';
}

function errnoOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code);
}
