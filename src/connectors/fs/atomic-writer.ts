import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from './fs-errors.js';

/** Written at once: the caller may take the call back in between. */
const WRITE_BYTES = 4 * 2 ** 20;
/** A file that nobody has written to for so long belongs to nobody. */
const ABANDONED_MS = 60 * 60_000;
const PREFIX = '.kvnest-';
const SUFFIX = '.tmp';

export interface AtomicWriterOptions {
  /** On the file system of the files that are written. */
  readonly temporaryDirectory: string;
  readonly fsync: boolean;
}

/** Writes files that others see whole or not at all: beside their place first, then moved over it. */
export class AtomicWriter {
  readonly #options: AtomicWriterOptions;
  /** Writers on other machines use the same directory. */
  readonly #writer = randomBytes(8).toString('hex');
  #count = 0;

  constructor(options: AtomicWriterOptions) {
    this.#options = options;
  }

  /** @param checkpoint is called before each part; what it throws ends the write. */
  async write(path: string, contents: readonly Uint8Array[], checkpoint: () => void): Promise<void> {
    const { temporaryDirectory, fsync } = this.#options;
    const temporary = join(temporaryDirectory, `${PREFIX}${this.#writer}-${++this.#count}${SUFFIX}`);
    try {
      const file = await this.#create(temporary);
      try {
        await writeAll(file, contents, checkpoint);
        if (fsync) await file.datasync();
      } finally {
        await file.close();
      }
      checkpoint();
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    if (fsync) await syncDirectory(dirname(path));
  }

  /** Removes what writers left that were killed. */
  async sweep(nowMs: number): Promise<void> {
    const { temporaryDirectory } = this.#options;
    for (const name of await readdir(temporaryDirectory)) {
      if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) continue;
      const path = join(temporaryDirectory, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && nowMs - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }

  /** Somebody may have tidied the temporary directory away; the one above it is not ours to make. */
  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx');
    } catch (error) {
      if (!isMissing(error)) throw error;
      await mkdir(dirname(path));
      return await open(path, 'wx');
    }
  }
}

async function writeAll(
  file: FileHandle,
  contents: readonly Uint8Array[],
  checkpoint: () => void,
): Promise<void> {
  let rest = contents.filter(({ length }) => length > 0);
  while (rest.length > 0) {
    checkpoint();
    const { bytesWritten } = await file.writev(firstBytes(rest, WRITE_BYTES));
    if (bytesWritten === 0) throw new Error('the file takes no more bytes');
    rest = withoutFirst(rest, bytesWritten);
  }
}

function firstBytes(buffers: readonly Uint8Array[], maxBytes: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let room = maxBytes;
  for (const buffer of buffers) {
    if (room === 0) break;
    const part = buffer.subarray(0, room);
    first.push(part);
    room -= part.length;
  }
  return first;
}

function withoutFirst(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  let index = 0;
  for (; index < buffers.length && skipped >= (buffers[index]?.length ?? 0); index++) {
    skipped -= buffers[index]?.length ?? 0;
  }
  const [partly, ...rest] = buffers.slice(index);
  return partly === undefined ? [] : [partly.subarray(skipped), ...rest];
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
