import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { isMissing, isNoFile } from './fs-errors.js';

/** Not through a link, which may lead anywhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;

/** @returns undefined where there is nothing of this name, or a link. It may be something else than a file. */
export async function openChunkFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, FLAGS);
  } catch (error) {
    if (isMissing(error) || isNoFile(error)) return undefined;
    throw error;
  }
}

export async function isChunkFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
