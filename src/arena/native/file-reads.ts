import { getSystemErrorName } from 'node:util';
import { loadNative } from './load-native.js';
import { FILE_ENDED } from './native.types.js';

/**
 * Fills buffers, in order, from a file, on threads of its own.
 *
 * @returns the CRC-32C of the first `checkedBytes`, or undefined when the file ended before the buffers were full.
 * @throws what the system answers, with its `code`.
 */
export type ReadFileChecked = (
  fd: number,
  position: number,
  buffers: readonly Uint8Array[],
  checkedBytes: number,
) => Promise<number | undefined>;

/** @returns undefined without the addon. */
export function createFileReads(threads: number): ReadFileChecked | undefined {
  const { addon } = loadNative();
  if (addon === undefined) return undefined;
  const reads = new addon.FileReads(threads);
  return async (...read) => {
    const answer = await reads.read(...read);
    if (answer >= 0) return answer;
    if (answer === FILE_ENDED) return undefined;
    const code = getSystemErrorName(answer);
    throw Object.assign(new Error(`${code}: read of a file failed`), {
      code,
      errno: answer,
      syscall: 'preadv',
    });
  };
}
