import { type Socket } from 'node:net';
import { loadNative } from './load-native.js';

/** Whether `acknowledgeNow` does anything here: with the addon, on Linux. */
export function canAcknowledgeNow(): boolean {
  return process.platform === 'linux' && loadNative().addon !== undefined;
}

/**
 * Acknowledges what a connection has received, where the kernel would wait up to 40 ms for something to send with it. The
 * other side may wait for that with the rest of what it has written (Nagle's algorithm).
 *
 * @returns whether it was done.
 */
export function acknowledgeNow(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd ?? -1;
  return fd >= 0 && (loadNative().addon?.acknowledgeNow(fd) ?? false);
}
