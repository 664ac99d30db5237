import { randomUUID } from 'node:crypto';
import { access, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvError } from '../../common/errors/kv-error.js';

/** Linux takes 128 KiB for one variable, its name included. */
const MAX_VARIABLE_BYTES = 120 * 1024;

/** The configuration as the text of a variable, or in a file that only this user can read. */
export interface ConfigText {
  readonly text: string;
  /** Where it is, when it is too large for a variable; `text` is then `{"config_file": …}`. */
  readonly file: string | undefined;
  remove(): Promise<void>;
}

interface WrittenFile {
  readonly file: string;
  remove(): Promise<void>;
}

/** @throws KV_PLUGIN_SPAWN when it needs a file and none can be written. */
export async function writeConfigText(config: Readonly<Record<string, unknown>>): Promise<ConfigText> {
  const text = JSON.stringify(config);
  if (Buffer.byteLength(text) <= MAX_VARIABLE_BYTES) {
    return { text, file: undefined, remove: () => Promise.resolve() };
  }
  try {
    const written = await writeForPlugins(text);
    return { text: JSON.stringify({ config_file: written.file }), ...written };
  } catch (error) {
    throw cannotWrite(error);
  }
}

/**
 * Writes a file of this user alone. It has no name but that of a descriptor of this process, and is gone when the process is,
 * by whatever way; where there is no `/proc` it has one, until it is removed.
 */
async function writeForPlugins(text: string): Promise<WrittenFile> {
  const named = join(tmpdir(), `kvnest-plugins-${randomUUID()}.json`);
  const handle = await open(named, 'wx', 0o600);
  const remove = async (): Promise<void> => {
    await handle.close();
    await rm(named, { force: true });
  };
  try {
    const unnamed = `/proc/${process.pid}/fd/${handle.fd}`;
    const file = (await exists(unnamed)) ? unnamed : named;
    if (file === unnamed) await rm(named);
    await handle.writeFile(text);
    return { file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function cannotWrite(cause: unknown): KvError {
  const { code: error } = cause as NodeJS.ErrnoException;
  const message = `the configuration for plugins is more than a variable holds, and cannot be written to ${tmpdir()}: ${String(error)}`;
  return new KvError('KV_PLUGIN_SPAWN', message, {
    kind: 'config',
    remedy: 'Set TMPDIR to a folder that the server may write to.',
    details: { error, step: 'configuration' },
    cause,
  });
}
