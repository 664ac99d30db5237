import { constants, fstatSync, readv, writev } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { type PageRun } from '../../arena/page-allocator.js';
import { MAX_SHARED_BYTES } from '../../arena/size-class.js';
import { type IoQueue } from './io-queue.js';
import { PAGE_BYTES } from './disk-layout.js';
import { deletedError } from './log-file.js';
import { paddedToPages, planTransfer, skipBytes, wholePages, type TransferPiece } from './transfer-plan.js';

export interface DataFileOptions {
  readonly path: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly queue: IoQueue;
  /** Whether to go past the page cache where the file system and the memory allow it. */
  readonly direct: boolean;
  /** Called once, with the reason, when direct I/O was wanted and is refused. */
  readonly onBuffered: (reason: string) => void;
}

/** A chunk's bytes in memory, and where they are in the file. */
export interface Transfer {
  readonly views: readonly Buffer[];
  readonly lengthBytes: number;
  readonly runs: readonly PageRun[];
}

/** The file grows ahead of use, sparse: a write that does not change the size of the file is cheaper. */
const GROWTH_BYTES = 64 * 2 ** 20;

/** The file ended before the chunk did: somebody cut it. */
export class ShortReadError extends Error {}

/**
 * The file that holds the bytes of all chunks, in blocks. Bytes go between it and the arena without a copy: past the
 * page cache for whole pages, through it for small chunks that share a page of the arena with others.
 */
export class DataFile {
  readonly #options: DataFileOptions;
  readonly #buffered: FileHandle;
  readonly #direct: FileHandle | undefined;
  #isDirect: boolean;
  #size: number;
  #growing: Promise<void> | undefined;

  private constructor(
    options: DataFileOptions,
    buffered: FileHandle,
    direct: FileHandle | undefined,
    size: number,
  ) {
    this.#options = options;
    this.#buffered = buffered;
    this.#direct = direct;
    this.#isDirect = direct !== undefined;
    this.#size = size;
  }

  /** Opens the file, or creates it; what lies behind the last block is cut off. */
  static async open(options: DataFileOptions): Promise<DataFile> {
    const buffered = await open(options.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = await buffered.stat();
      const maxBytes = options.blocks * options.blockBytes;
      if (size > maxBytes) await buffered.truncate(maxBytes);
      return new DataFile(options, buffered, await openDirect(options), Math.min(size, maxBytes));
    } catch (error) {
      await buffered.close();
      throw error;
    }
  }

  /** Size of the file; as long as nothing was ever written there, it may take less of the disk. */
  get bytes(): number {
    return this.#size;
  }

  /** Whether the file still has a name: what is written to it otherwise is lost with the process. */
  get isThere(): boolean {
    return fstatSync(this.#buffered.fd).nlink > 0;
  }

  /** Forgets the contents: what was written is given back to the file system. */
  async reset(): Promise<void> {
    await this.#buffered.truncate(0);
    this.#size = 0;
  }

  async write({ views, lengthBytes, runs }: Transfer): Promise<void> {
    if (!this.isThere) throw deletedError();
    await this.#growTo(runs.reduce((end, { page, pages }) => Math.max(end, page + pages), 0));
    const pages = this.#wholePages(views, lengthBytes);
    if (pages !== undefined && (await this.#tryDirect(pages, runs, WRITE))) return;
    await this.#transfer(this.#buffered, paddedToPages(views, lengthBytes), runs, WRITE);
  }

  /** @throws ShortReadError when the file is shorter than it was. */
  async read({ views, lengthBytes, runs }: Transfer): Promise<void> {
    const pages = this.#wholePages(views, lengthBytes);
    if (pages !== undefined && (await this.#tryDirect(pages, runs, READ))) return;
    await this.#transfer(this.#buffered, views, runs, READ);
  }

  async sync(): Promise<void> {
    await this.#buffered.datasync();
  }

  async close(): Promise<void> {
    await this.#direct?.close();
    await this.#buffered.close();
  }

  #wholePages(views: readonly Buffer[], lengthBytes: number): readonly Buffer[] | undefined {
    if (!this.#isDirect || lengthBytes <= MAX_SHARED_BYTES) return undefined;
    return wholePages(views);
  }

  /** @returns false when direct I/O is refused; then it is not tried again. */
  async #tryDirect(
    memory: readonly Buffer[],
    runs: readonly PageRun[],
    direction: Direction,
  ): Promise<boolean> {
    const direct = this.#direct;
    if (direct === undefined) return false;
    try {
      await this.#transfer(direct, memory, runs, direction);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
      if (this.#isDirect) this.#options.onBuffered('the file system refuses this memory');
      this.#isDirect = false;
      return false;
    }
  }

  async #transfer(
    file: FileHandle,
    memory: readonly Buffer[],
    runs: readonly PageRun[],
    direction: Direction,
  ): Promise<void> {
    const { queue, blockBytes } = this.#options;
    const pieces = planTransfer(memory, runs, blockBytes).map(
      (piece) =>
        new Promise<void>((resolve, reject) =>
          queue[direction.queue]((done) =>
            moveAll(file.fd, piece, direction, (error) => {
              done();
              if (error === null) resolve();
              else reject(error);
            }),
          ),
        ),
    );
    // All of them have to end, for the memory is theirs until then.
    for (const result of await Promise.allSettled(pieces))
      if (result.status === 'rejected') throw result.reason;
  }

  async #growTo(blocks: number): Promise<void> {
    const { blockBytes } = this.#options;
    while (blocks * blockBytes > this.#size) {
      this.#growing ??= this.#grow().finally(() => (this.#growing = undefined));
      await this.#growing;
    }
  }

  async #grow(): Promise<void> {
    const { blockBytes, blocks } = this.#options;
    const size = Math.min(this.#size + GROWTH_BYTES, blocks * blockBytes);
    await this.#buffered.truncate(size);
    this.#size = size;
  }
}

async function openDirect({ path, direct, onBuffered }: DataFileOptions): Promise<FileHandle | undefined> {
  if (!direct) return undefined;
  try {
    return await open(path, constants.O_RDWR | constants.O_DIRECT);
  } catch (error) {
    onBuffered(`the file system refuses it: ${codeOf(error)}`);
    return undefined;
  }
}

type Move = (
  fd: number,
  buffers: readonly Buffer[],
  position: number,
  moved: (error: Error | null, bytes: number) => void,
) => void;

/** One side of the traffic. */
interface Direction {
  readonly queue: 'read' | 'write';
  readonly move: Move;
  /** Why a call may move less than it should, and no more can be moved. */
  readonly stuck: () => Error;
}

const WRITE: Direction = {
  queue: 'write',
  move: writev,
  stuck: () => new Error('the file takes no more bytes'),
};
const READ: Direction = {
  queue: 'read',
  move: readv,
  stuck: () => new ShortReadError('the file is too short'),
};

/** Moves a piece, in as many calls as the system takes for it. */
function moveAll(
  fd: number,
  { buffers, position, bytes }: TransferPiece,
  direction: Direction,
  done: (error: Error | null) => void,
): void {
  direction.move(fd, buffers, position, (error, moved) => {
    if (error !== null || moved === bytes) {
      done(error);
    } else if (moved === 0 || (moved % PAGE_BYTES !== 0 && bytes % PAGE_BYTES === 0)) {
      done(direction.stuck());
    } else {
      const rest = { buffers: skipBytes(buffers, moved), position: position + moved, bytes: bytes - moved };
      moveAll(fd, rest, direction, done);
    }
  });
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
