import { loadNative } from './load-native.js';

/**
 * Locks a file for this process until `fd` is closed; a process that dies loses its locks. Never waits.
 * @returns false when another open descriptor holds it; true without the addon, where nothing is locked.
 */
export function lockFile(fd: number): boolean {
  return loadNative().addon?.lockFile(fd) ?? true;
}
