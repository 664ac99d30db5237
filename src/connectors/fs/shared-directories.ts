import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeDirectory } from '../../common/make-directory.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { parseEngineKey } from '../../protocols/chunk-key/engine-key.js';
import { AtomicWriter } from './atomic-writer.js';

export interface SharedDirectory {
  readonly path: string;
  readonly writer: AtomicWriter;
}

export interface SharedDirectoriesOptions {
  readonly paths: readonly string[];
  readonly relativeTmpDir: string;
  readonly fsync: boolean;
}

/** One directory or several, over which chunks are spread as LMCache spreads them. */
export class SharedDirectories {
  readonly paths: readonly string[];
  readonly #directories: readonly SharedDirectory[];
  readonly #relativeTmpDir: string;

  /** @param paths at least one. */
  constructor({ paths, relativeTmpDir, fsync }: SharedDirectoriesOptions) {
    this.paths = paths.map((path) => resolve(path));
    this.#relativeTmpDir = relativeTmpDir;
    this.#directories = this.paths.map((path) => ({
      path,
      writer: new AtomicWriter({ temporaryDirectory: join(path, relativeTmpDir), fsync }),
    }));
  }

  /** Makes what is not there. */
  async prepare(nowMs: number): Promise<void> {
    for (const { path, writer } of this.#directories) {
      await makeDirectory(join(path, this.#relativeTmpDir));
      await writer.sweep(nowMs);
    }
    await this.check();
  }

  /** @throws an error of the file system where a directory is gone or cannot be written. */
  async check(): Promise<void> {
    for (const path of this.paths) {
      if (!(await stat(path)).isDirectory()) {
        throw Object.assign(new Error(`${path} is no directory`), { code: 'ENOTDIR' });
      }
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  }

  forKey(key: ChunkKey): SharedDirectory {
    const index = this.#directories.length === 1 ? 0 : Number(spread(key) % BigInt(this.#directories.length));
    return this.#directories[index] as SharedDirectory;
  }
}

/** LMCache takes the number in its key; for keys without one, any number will do that is always the same. */
function spread(key: ChunkKey): bigint {
  const hash = parseEngineKey(key.toString())?.chunkHash ?? BigInt(crc32(key.bytes));
  return hash < 0n ? -hash : hash;
}
