import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

/** @throws KV_PLUGIN_SPAWN when it needs a file and none can be written. */
export async function writeConfigText(config: Readonly<Record<string, unknown>>): Promise<ConfigText> {
  const text = JSON.stringify(config);
  if (Buffer.byteLength(text) <= MAX_VARIABLE_BYTES) {
    return { text, file: undefined, remove: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-plugins-')).catch((error: unknown) => {
    throw cannotWrite(error);
  });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'config.json');
  try {
    await writeFile(file, text, { mode: 0o600 });
  } catch (error) {
    await remove();
    throw cannotWrite(error);
  }
  return { text: JSON.stringify({ config_file: file }), file, remove };
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
