import { loadNative } from './load-native.js';

/**
 * Sizes the kernel's buffers of a connected socket, in bytes; 0 leaves one as it is. Does nothing without the addon.
 * @returns whether it was done.
 */
export function tuneSocket(fd: number, sendBytes: number, receiveBytes: number): boolean {
  return fd >= 0 && (loadNative().addon?.tuneSocket(fd, sendBytes, receiveBytes) ?? false);
}
