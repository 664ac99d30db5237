import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { remoteAborted } from '../connector-errors.js';
import { ConnectorLifecycle } from '../connector-lifecycle.js';
import { LateWrites } from '../late-writes.js';
import { LoopingConnector } from '../looping-connector.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type SendOutcome,
} from '../remote-connector.interface.js';
import { untilAborted } from '../until-aborted.js';
import { DirectoryPages, type ListedFile } from './directory-pages.js';
import { type FileLayout } from './file-layout.interface.js';
import { fsError, isFull, isMissing, isTooBig } from './fs-errors.js';
import { isChunkFile, openChunkFile } from './open-chunk-file.js';
import { type Checkpoint, readChunk } from './read-chunk.js';
import { type SharedDirectories } from './shared-directories.js';

export interface FsConnectorOptions {
  /** What errors call the store. */
  readonly label: string;
  readonly directories: SharedDirectories;
  readonly layout: FileLayout;
  /** Files that are worked on at once. */
  readonly ioDepth: number;
  readonly clock: Clock;
}

interface CallParts<T> {
  /** Takes what comes when nobody waits any more. */
  readonly giveBack?: (late: T) => void;
  /** The file system may still read from the arena when the caller has given up. */
  readonly keep?: ArenaHandle;
  /** What is changed: a change that goes on although its caller has given up must not overtake the next one. */
  readonly changes?: ChunkKey;
}

/** One file for each chunk in a directory that several machines may share. */
export class FsConnector extends LoopingConnector {
  readonly capabilities: ConnectorCapabilities;
  readonly #options: FsConnectorOptions;
  readonly #pages: DirectoryPages;
  readonly #lifecycle: ConnectorLifecycle;
  readonly #depth: BulkheadPolicy;
  readonly #late: LateWrites;

  constructor(options: FsConnectorOptions) {
    super();
    const { label, directories, layout, ioDepth, clock } = options;
    this.#options = options;
    this.#pages = new DirectoryPages(directories.paths);
    this.#depth = bulkhead(ioDepth, Infinity);
    this.#late = new LateWrites(label);
    this.#lifecycle = new ConnectorLifecycle({
      label,
      open: (call) => {
        const prepared = this.#execute(call, () => directories.prepare(clock.nowMs()));
        return untilAborted(label, call?.signal, prepared, () => undefined);
      },
      shut: () => this.#pages.close(),
    });
    this.capabilities = {
      persistent: true,
      shared: true,
      retains: true,
      batch: false,
      list: true,
      remove: true,
      ttl: false,
      ...layout.capabilities,
    };
  }

  connect(options?: CallOptions): Promise<void> {
    return this.#lifecycle.connect(options);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#call(options, () => this.#options.directories.check());
  }

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    return this.#call(options, async () => {
      const path = this.#path(key);
      if (path === undefined) return false;
      if (options?.withMetadata !== true) return isChunkFile(path);
      await using file = await openChunkFile(path);
      return file !== undefined && (await this.#options.layout.hasMetadata(file));
    });
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#call(
      options,
      async (checkpoint) => {
        const path = this.#path(key);
        await using file = path === undefined ? undefined : await openChunkFile(path);
        if (file === undefined) return 'miss';
        return await readChunk(file, { key, layout: this.#options.layout, checkpoint });
      },
      { giveBack: (late) => typeof late !== 'string' && late[Symbol.dispose]() },
    );
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.#call(options, (checkpoint) => this.#put(chunk, checkpoint), {
      keep: chunk,
      changes: chunk.key,
    });
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    const unlinkIfThere = async (): Promise<boolean> => {
      const path = this.#path(key);
      return path !== undefined && isThere(unlink(path));
    };
    return this.#call(options, unlinkIfThere, { changes: key });
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.#call(options, async () => {
      const page = await this.#pages.next(cursor, count);
      const keys: ChunkKey[] = [];
      for (const file of page.files) {
        const key = await this.#keyOf(file);
        if (key !== undefined) keys.push(key);
      }
      return { keys, cursor: page.cursor };
    });
  }

  #call<T>(
    options: CallOptions | undefined,
    work: (checkpoint: Checkpoint) => Promise<T>,
    { giveBack = () => undefined, keep, changes }: CallParts<T> = {},
  ): Promise<T> {
    const running = this.#lifecycle.run(async () => {
      const kept = keep?.retain();
      try {
        if (changes !== undefined) await this.#late.settled([changes], options?.signal);
        return await this.#execute(options, work);
      } finally {
        kept?.[Symbol.dispose]();
      }
    });
    const answer = untilAborted(this.#options.label, options?.signal, running, giveBack);
    return changes === undefined ? answer : this.#late.watch(changes, answer, running);
  }

  /** As many at once as the depth allows: what hangs must not take every thread of the process. */
  #execute<T>(options: CallOptions | undefined, work: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
    const { label } = this.#options;
    const checkpoint = (): void => {
      if (options?.signal?.aborted === true) throw remoteAborted(label);
    };
    return this.#depth.execute(async () => {
      checkpoint();
      try {
        return await work(checkpoint);
      } catch (error) {
        throw fsError(label, error);
      }
    });
  }

  async #put(chunk: ArenaHandle, checkpoint: Checkpoint): Promise<SendOutcome> {
    const { layout, directories } = this.#options;
    const path = this.#path(chunk.key);
    if (path === undefined) return 'rejected';
    try {
      const contents = layout.contents(chunk);
      if (contents !== undefined) {
        await directories.forKey(chunk.key).writer.write(path, contents, checkpoint);
        return 'stored';
      }
    } catch (error) {
      // Whatever went wrong: what was there before must not be read as the chunk that was put.
      await rm(path, { force: true });
      if (isFull(error)) return 'busy';
      if (!isTooBig(error)) throw error;
    }
    await rm(path, { force: true });
    return 'rejected';
  }

  #keyOf({ directory, name }: ListedFile): Promise<ChunkKey | undefined> {
    return this.#options.layout.keyOf(name, () => openChunkFile(join(directory, name)));
  }

  #path(key: ChunkKey): string | undefined {
    const { directories, layout } = this.#options;
    const name = layout.fileName(key);
    return name === undefined ? undefined : join(directories.forKey(key).path, name);
  }
}

/** @returns whether there was a file for this to succeed on. */
async function isThere(access: Promise<void>): Promise<boolean> {
  try {
    await access;
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
