import { loadNative } from './load-native.js';

/**
 * Ends the process, when everything it has to do is done. Node's own way out waits for V8's compilers, one of which may be
 * waiting for the main thread (nodejs/node#54918): a server that had closed everything stayed for good.
 */
export function exitNow(code: number): never {
  loadNative().addon?.exitNow(code);
  process.exit(code);
}
