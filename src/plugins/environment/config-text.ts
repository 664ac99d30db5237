import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux takes 128 KiB for one variable, its name included. */
const MAX_VARIABLE_BYTES = 120 * 1024;

/** The configuration as the text of a variable, or in a file that only this user can read. */
export interface ConfigText {
  readonly text: string;
  /** Where it is, when it is too large for a variable; `text` is then `{"config_file": …}`. */
  readonly file: string | undefined;
  remove(): Promise<void>;
}

export async function writeConfigText(config: Readonly<Record<string, unknown>>): Promise<ConfigText> {
  const text = JSON.stringify(config);
  if (Buffer.byteLength(text) <= MAX_VARIABLE_BYTES) {
    return { text, file: undefined, remove: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-plugins-'));
  const file = join(folder, 'config.json');
  await writeFile(file, text, { mode: 0o600 });
  return {
    text: JSON.stringify({ config_file: file }),
    file,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
