import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it, as far as they are not there. Node's own way, `recursive`, tries for ever where a
 * file system says of a directory that is there that nothing can be made in it because it is not (`/proc`, an automounter).
 *
 * @throws errors of the file system; EEXIST where something else is in the way.
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (codeOf(error) !== 'ENOENT' || above === path) throw error;
    await makeDirectory(above, mode);
    await makeOne(path, mode);
  }
}

/** Links to directories are directories here, as they are to the system. */
async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, { ...(mode !== undefined && { mode }) });
  } catch (error) {
    if (!(await isDirectory(path))) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
