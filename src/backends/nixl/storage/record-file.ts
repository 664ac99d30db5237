import { open, rename, rm, type FileHandle } from 'node:fs/promises';

/** In front of the header: its length. */
const PREFIX_BYTES = 4;

/** A file with one record: length of the header, header, bytes of the chunk. */
export class RecordFile implements AsyncDisposable {
  private constructor(
    private readonly file: FileHandle,
    /** Where the bytes of the chunk begin. */
    readonly offset: number,
  ) {}

  get descriptor(): number {
    return this.file.fd;
  }

  /** @returns undefined where there is no such file, or none that begins as a record. */
  static async open(path: string, flags: 'r' | 'r+' = 'r'): Promise<RecordFile | undefined> {
    const file = await openIfThere(path, flags);
    if (file === undefined) return undefined;
    try {
      const prefix = Buffer.alloc(PREFIX_BYTES);
      const { bytesRead } = await file.read(prefix, 0, PREFIX_BYTES, 0);
      if (bytesRead === PREFIX_BYTES) return new RecordFile(file, PREFIX_BYTES + prefix.readUInt32LE());
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return undefined;
  }

  /**
   * Makes a file under another name, which it gets when everything is in it: both or nothing, also when the process is killed.
   * @param fill writes the bytes.
   */
  static async create(
    path: string,
    header: Uint8Array,
    fill: (record: RecordFile) => Promise<void>,
  ): Promise<void> {
    const temporary = `${path}.tmp`;
    try {
      const file = await open(temporary, 'w', 0o600);
      await using record = new RecordFile(file, PREFIX_BYTES + header.length);
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32LE(header.length);
      await file.writev([prefix, header], 0);
      await fill(record);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** @returns undefined where the file ends before. */
  async readHeader(): Promise<Buffer | undefined> {
    const lengthBytes = this.offset - PREFIX_BYTES;
    if (lengthBytes > (await this.#size())) return undefined;
    const header = Buffer.alloc(lengthBytes);
    const { bytesRead } = await this.file.read(header, 0, lengthBytes, PREFIX_BYTES);
    return bytesRead === lengthBytes ? header : undefined;
  }

  /** Of the same length. */
  async writeHeader(header: Uint8Array): Promise<void> {
    await this.file.write(header, 0, header.length, PREFIX_BYTES);
  }

  /** How many bytes of the chunk are there. */
  async lengthBytes(): Promise<number> {
    return (await this.#size()) - this.offset;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }

  async #size(): Promise<number> {
    return (await this.file.stat()).size;
  }
}

async function openIfThere(path: string, flags: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
