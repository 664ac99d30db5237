import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../../../common/make-directory.js';
import { type TraceSink } from './trace-sink.interface.js';

const OWNER_ONLY = 0o600;

export interface TraceFileOptions {
  readonly path: string;
  /** Of the file and its predecessor together. */
  readonly maxBytes: number;
  /** The first line of each file. */
  readonly header: () => string;
}

/**
 * A file that is never larger than half of what is allowed: then it is renamed to `<path>.1`, in the place of what had that name,
 * and a new one begins. So does what was there before.
 */
export class TraceFile implements TraceSink {
  #handle: FileHandle | undefined;
  #bytes = 0;

  private constructor(private readonly options: TraceFileOptions) {}

  /** @throws errors of the file system. */
  static async create(options: TraceFileOptions): Promise<TraceFile> {
    const file = new TraceFile(options);
    await makeDirectory(dirname(options.path));
    await file.#begin();
    return file;
  }

  async append(text: string): Promise<void> {
    if (this.#bytes + text.length > this.options.maxBytes / 2) await this.#begin();
    await this.#write(text);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #begin(): Promise<void> {
    const { path, header } = this.options;
    await this.close();
    await rename(path, `${path}.1`).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
    this.#handle = await open(path, 'wx', OWNER_ONLY);
    this.#bytes = 0;
    await this.#write(header());
  }

  async #write(text: string): Promise<void> {
    await this.#handle?.writeFile(text);
    this.#bytes += text.length;
  }
}
