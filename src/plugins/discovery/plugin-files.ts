import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { type Findings } from '../../config/findings.js';
import { type PluginsConfig } from '../../config/kvnest-config.interface.js';
import { escapeControls } from '../output/printable.js';
import { type SkippedFile } from '../plugin-script.interface.js';
import { isExecutable } from './find-executable.js';
import { HEAD_BYTES, type ScriptFile } from './launch-command.js';
import { hasControls, whyNoPlugin, whyNotEntered } from './no-plugin.js';

/** A file that may be a plugin. */
export interface PluginFile extends ScriptFile {
  /** Below its location; of a file that is a location itself, its name. */
  readonly relativePath: string;
  /** It is a location itself. */
  readonly isNamed: boolean;
}

/** More than this is no directory of plugins. */
const MAX_ENTRIES = 10_000;
const VIRTUAL_ENVIRONMENT = 'pyvenv.cfg';
/** Stands for bytes of a name that Node cannot read, nor find the file by. */
const NOT_UTF8 = '\uFFFD';

/**
 * The files at the locations, in their order; those of a directory by their names, whatever the language of the machine.
 * What several links lead to is read once, unless their names differ: names say who runs a plugin.
 */
export class PluginFiles {
  readonly found: PluginFile[] = [];
  readonly skipped: SkippedFile[] = [];
  readonly #seen = new Set<string>();
  #entries = 0;

  /** Locations that cannot be read go to `findings`. */
  async read({ locations, locationsKey }: PluginsConfig, findings: Findings): Promise<void> {
    for (const location of locations) {
      try {
        await this.#readLocation(location);
      } catch (error) {
        findings.problem(locationsKey, `${escapeControls(location)} ${describe(error)}`);
      }
    }
  }

  async #readLocation(location: string): Promise<void> {
    if (hasControls(location)) throw new LocationError('has control characters in its path');
    const stats = await stat(location);
    if (stats.isDirectory()) return this.#readDirectory(location, location);
    if (!stats.isFile()) throw new LocationError('is neither a file nor a directory');
    return this.#readFile(location, basename(location), true);
  }

  async #readDirectory(directory: string, location: string): Promise<void> {
    if (!this.#isNew(await realpath(directory))) return;
    const names = await readdir(directory);
    this.#entries += names.length;
    if (this.#entries > MAX_ENTRIES) throw new LocationError(`holds more than ${MAX_ENTRIES} files`);
    if (names.includes(VIRTUAL_ENVIRONMENT)) {
      this.#skip(
        { path: directory, relativePath: relative(location, directory) },
        'is an environment of Python',
      );
      return;
    }
    for (const name of names.sort()) {
      const path = join(directory, name);
      await this.#readEntry({ path, relativePath: relative(location, path) }, location);
    }
  }

  async #readEntry(entry: Entry, location: string): Promise<void> {
    const name = basename(entry.path);
    try {
      const stats = await stat(entry.path);
      const reason = stats.isDirectory() ? whyNotEntered(name) : whyNoPlugin(name);
      if (reason !== undefined) this.#skip(entry, reason);
      else if (stats.isDirectory()) await this.#readDirectory(entry.path, location);
      else if (stats.isFile()) await this.#readFile(entry.path, entry.relativePath, false);
      else this.#skip(entry, 'is neither a file nor a directory');
    } catch (error) {
      if (error instanceof LocationError) throw error;
      const reason = name.includes(NOT_UTF8) ? 'has a name that is not UTF-8' : describe(error);
      this.#skip(entry, reason, whyNoPlugin(name) === undefined ? 'error' : 'debug');
    }
  }

  async #readFile(path: string, relativePath: string, isNamed: boolean): Promise<void> {
    if (!this.#isNew(join(await realpath(path), basename(path)))) return;
    const file = { path, head: await readHead(path), isExecutable: await isExecutable(path) };
    this.found.push({ ...file, relativePath, isNamed });
  }

  #isNew(key: string): boolean {
    const isNew = !this.#seen.has(key);
    this.#seen.add(key);
    return isNew;
  }

  #skip({ path, relativePath }: Entry, reason: string, level: SkippedFile['level'] = 'debug'): void {
    this.skipped.push({ path, name: escapeControls(relativePath), reason, level });
  }
}

interface Entry {
  readonly path: string;
  readonly relativePath: string;
}

/** What is wrong with a whole location, in words that follow its path. */
class LocationError extends Error {}

async function readHead(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

function describe(error: unknown): string {
  if (error instanceof LocationError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'does not exist';
  return code === 'ELOOP' ? 'is a link to itself' : `cannot be read (${code ?? message})`;
}
