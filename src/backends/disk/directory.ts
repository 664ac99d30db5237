import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KvError } from '../../common/errors/kv-error.js';

export function diskUnusable(path: string, cause: unknown): KvError {
  return new KvError('KV_DISK_UNUSABLE', `the disk tier cannot use ${path}: ${(cause as Error).message}`, {
    kind: 'config',
    cause,
    remedy: 'Name a directory that exists or can be created, and that this process may write to.',
  });
}

/** Makes the names in a file's directory durable, where the file system can. */
export async function syncDirectory(filePath: string): Promise<void> {
  const directory = await open(dirname(filePath), 'r');
  try {
    await directory.sync();
  } catch {
    // Some file systems have no such call: then the name is as durable as they make it.
  } finally {
    await directory.close();
  }
}
