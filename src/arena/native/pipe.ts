import { loadNative } from './load-native.js';

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * A pipe of the operating system, not inherited by children; both ends are the caller's to close. Node makes sockets, which
 * a child cannot open again as `/dev/stdout`.
 * @returns undefined without the addon, or when there are too many descriptors.
 */
export function createPipe(): Pipe | undefined {
  const [readFd, writeFd] = loadNative().addon?.createPipe() ?? [];
  return readFd === undefined || writeFd === undefined ? undefined : { readFd, writeFd };
}
