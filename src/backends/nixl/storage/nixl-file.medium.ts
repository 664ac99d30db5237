import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../../arena/native/file-lock.js';
import { type FillingMedium, type StoredHeader } from '../../medium/chunk-medium.interface.js';
import { type BackendAgent } from '../../storage-backend.interface.js';
import { agentStatus } from '../agent/agent-status.js';
import { nixlClosed, nixlStorageFailed } from '../nixl-errors.js';
import { RecordFile } from './record-file.js';
import { type NixlFileAgent } from '../agent/file-agent.js';

export interface NixlFileMediumOptions {
  /** A directory of this medium alone; it is created where it is missing. */
  readonly path: string;
  /** More wait. */
  readonly maxOpenFiles: number;
  /** @throws KV_NIXL_PLUGIN */
  readonly start: () => Promise<NixlFileAgent>;
}

const SUFFIX = '.chunk';

/** A file for each record; the bytes of chunks go between arena and file over NIXL, headers as usual. */
export class NixlFileMedium implements FillingMedium {
  readonly persistent = true;
  readonly #options: NixlFileMediumOptions;
  readonly #files: BulkheadPolicy;
  #lock: FileHandle | undefined;
  #agent: NixlFileAgent | undefined;
  #isOpen = false;
  /** Why an agent had to go. */
  #failure: string | undefined;
  /** Settles when the latest transfer has ended. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: NixlFileMediumOptions) {
    this.#options = options;
    this.#files = bulkhead(options.maxOpenFiles, Infinity);
  }

  get agent(): BackendAgent {
    return agentStatus(this.#agent, this.#failure);
  }

  /** @throws KV_NIXL_PLUGIN; KV_NIXL_STORAGE when the directory cannot be used */
  async open(): Promise<AsyncIterable<StoredHeader>> {
    const { path, start } = this.#options;
    this.#lock = await lockedIn(path);
    try {
      this.#agent = await start();
      this.#isOpen = true;
      return await this.#restore();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#tail;
    await this.#agent?.close();
    await this.#lock?.close();
    this.#agent = this.#lock = undefined;
  }

  async #restore(): Promise<AsyncIterable<StoredHeader>> {
    const { path } = this.#options;
    const names = await readdir(path);
    await Promise.all(
      names.filter((name) => name.endsWith('.tmp')).map((name) => rm(join(path, name), { force: true })),
    );
    return this.#readHeaders(names.flatMap(idsOf).sort((a, b) => a - b));
  }

  write(id: number, header: Uint8Array, views: readonly Uint8Array[]): Promise<void> {
    const fill = async (record: RecordFile): Promise<void> => {
      const { descriptor, offset } = record;
      const lengthBytes = lengthOf(views);
      if (lengthBytes > 0) await this.#transfer((agent) => agent.write({ descriptor, offset, views }));
      // A plugin may not say that a file system had room for a part only.
      const written = await record.lengthBytes();
      if (written !== lengthBytes) throw nixlStorageFailed(`${written} of ${lengthBytes} bytes were written`);
    };
    return this.#files.execute(() => RecordFile.create(this.#pathOf(id), header, fill));
  }

  async writeHeader(id: number, header: Uint8Array): Promise<void> {
    await using record = await RecordFile.open(this.#pathOf(id), 'r+');
    await record?.writeHeader(header);
  }

  readInto(id: number, views: readonly Uint8Array[]): Promise<number | undefined> {
    return this.#files.execute(async () => {
      await using record = await RecordFile.open(this.#pathOf(id));
      const lengthBytes = lengthOf(views);
      if (record === undefined || (await record.lengthBytes()) !== lengthBytes) return undefined;
      const { descriptor, offset } = record;
      if (lengthBytes === 0) return 0;
      return await this.#transfer((agent) => agent.read({ descriptor, offset, views }));
    });
  }

  delete(id: number): Promise<void> {
    return rm(this.#pathOf(id), { force: true });
  }

  /**
   * One after the other, and with a new agent after each that failed: its POSIX plugin may tell one transfer of the error of
   * another, and may use later what belonged to the one that failed.
   */
  #transfer<T>(run: (agent: NixlFileAgent) => Promise<T>): Promise<T> {
    const done = this.#tail.then(async () => {
      // A read may still be on its way to here when everything is closed.
      if (!this.#isOpen) throw nixlClosed();
      const agent = (this.#agent ??= await this.#options.start());
      try {
        return await run(agent);
      } catch (error) {
        this.#agent = undefined;
        this.#failure = (error as Error).message;
        await agent.close();
        throw error;
      }
    });
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async *#readHeaders(ids: readonly number[]): AsyncIterable<StoredHeader> {
    let isRead = false;
    try {
      for (const id of ids) {
        await using record = await RecordFile.open(this.#pathOf(id));
        // Without a header it is no record, and is removed.
        yield { id, header: (await record?.readHeader()) ?? Buffer.alloc(0) };
      }
      isRead = true;
    } finally {
      if (!isRead) await this.close();
    }
  }

  #pathOf(id: number): string {
    return join(this.#options.path, `${id}${SUFFIX}`);
  }
}

/** @returns the file that keeps others out of the directory while it is open. */
async function lockedIn(path: string): Promise<FileHandle> {
  const file = await lockFileIn(path);
  if (lockFile(file.fd)) return file;
  await file.close();
  throw nixlStorageFailed(`another tier uses ${path}`);
}

async function lockFileIn(path: string): Promise<FileHandle> {
  try {
    await mkdir(path, { recursive: true });
    return await open(join(path, 'lock'), 'a', 0o600);
  } catch (error) {
    throw nixlStorageFailed(`${path} is no directory for it: ${(error as Error).message}`, error);
  }
}

function idsOf(name: string): number[] {
  const digits = /^([1-9]\d{0,15})\.chunk$/.exec(name)?.[1];
  return digits === undefined ? [] : [Number(digits)];
}

function lengthOf(views: readonly Uint8Array[]): number {
  return views.reduce((sum, { length }) => sum + length, 0);
}
