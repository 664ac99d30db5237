import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** What a shell looks through that has no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Finds a program as a shell does.
 *
 * @param name of a program, or an absolute path.
 * @param searchPath directories with colons between them; undefined: the usual ones.
 */
export async function findExecutable(name: string, searchPath = DEFAULT_PATH): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
  if (name === '' || name.includes('/')) return undefined;
  for (const directory of searchPath.split(':').filter(isAbsolute)) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether this user may execute a file. On a file system that is mounted `noexec` nobody may. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
