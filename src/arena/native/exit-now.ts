import { loadNative } from './load-native.js';

/**
 * Ends a process that has done all it had to do, at once. Node's own way out waits for V8's compilers, one of which may be
 * waiting for the main thread (nodejs/node#54918): a server that had closed everything stayed for good.
 *
 * @param signal what asked for the end; without the addon the process ends by it.
 */
export function exitNow(code: number, signal: NodeJS.Signals): void {
  loadNative().addon?.exitNow(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
