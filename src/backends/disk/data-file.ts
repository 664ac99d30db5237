import { constants, fstatSync, writev } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { type PageRun } from '../../arena/page-allocator.js';
import { MAX_SHARED_BYTES } from '../../arena/size-class.js';
import { combineCrc32c } from '../../common/crc32c.js';
import { type IoQueue } from './io-queue.js';
import { deletedError } from './log-file.js';
import { movePiece } from './move-piece.js';
import { type ReadPiece } from './read-piece.js';
import { paddedToPages, planTransfer, wholePages, type TransferPiece } from './transfer-plan.js';

export interface DataFileOptions {
  readonly path: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly queue: IoQueue;
  readonly readPiece: ReadPiece;
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
    await this.#pastCache(views, lengthBytes, paddedToPages(views, lengthBytes), (fd, memory) =>
      this.#transfer(memory, runs, 'write', (piece) => movePiece(fd, piece, writev, isFull)),
    );
  }

  /** @returns the CRC-32C of what was read. @throws ShortReadError when the file is shorter than it was. */
  async read({ views, lengthBytes, runs }: Transfer): Promise<number> {
    const { readPiece } = this.#options;
    const parts = await this.#pastCache(views, lengthBytes, views, (fd, memory) =>
      this.#transfer(memory, runs, 'read', async (piece) => {
        const checkedBytes = Math.min(piece.bytes, lengthBytes - piece.offset);
        return { checkedBytes, checksum: await readPiece(fd, piece, checkedBytes) };
      }),
    );
    return parts.reduce((sum, part) => combineCrc32c(sum, part.checksum, part.checkedBytes), 0);
  }

  async sync(): Promise<void> {
    await this.#buffered.datasync();
  }

  async close(): Promise<void> {
    await this.#direct?.close();
    await this.#buffered.close();
  }

  /** Moves it past the page cache where that can be; where it is refused, once and for all, through it. */
  async #pastCache<T>(
    views: readonly Buffer[],
    lengthBytes: number,
    cached: readonly Buffer[],
    move: (fd: number, memory: readonly Buffer[]) => Promise<T>,
  ): Promise<T> {
    const pages = this.#isDirect && lengthBytes > MAX_SHARED_BYTES ? wholePages(views) : undefined;
    if (pages !== undefined && this.#direct !== undefined) {
      try {
        return await move(this.#direct.fd, pages);
      } catch (error) {
        if (codeOf(error) !== 'EINVAL') throw error;
        if (this.#isDirect) this.#options.onBuffered('the file system refuses this memory');
        this.#isDirect = false;
      }
    }
    return move(this.#buffered.fd, cached);
  }

  async #transfer<T>(
    memory: readonly Buffer[],
    runs: readonly PageRun[],
    side: 'read' | 'write',
    move: (piece: TransferPiece) => Promise<T>,
  ): Promise<T[]> {
    const { queue, blockBytes } = this.#options;
    const pieces = planTransfer(memory, runs, blockBytes).map((piece) => queue[side](() => move(piece)));
    // All of them have to end, for the memory is theirs until then.
    const results = await Promise.allSettled(pieces);
    return results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
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

function isFull(): Error {
  return new Error('the file takes no more bytes');
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
