import { fstatSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** A file that is written at its end only. What a failed append left behind is cut off before the next one. */
export class LogFile {
  readonly #file: FileHandle;
  readonly #growthBytes: number;
  #tail: number;
  #size: number;
  #torn = false;

  private constructor(file: FileHandle, tail: number, growthBytes: number) {
    this.#file = file;
    this.#tail = tail;
    this.#size = tail;
    this.#growthBytes = growthBytes;
  }

  /**
   * Starts a new file, in place of one that is there.
   * @param growthBytes room is made ahead of use in steps of this, so that few appends change the size of the file.
   */
  static async create(path: string, header: Buffer, growthBytes: number): Promise<LogFile> {
    const log = new LogFile(await open(path, 'w+', 0o600), 0, growthBytes);
    try {
      await log.append(header);
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  /** Goes on behind the first `tail` bytes of a file; what lies behind them is cut off. */
  static async continue(path: string, tail: number, growthBytes: number): Promise<LogFile> {
    const file = await open(path, 'r+');
    await file.truncate(tail);
    return new LogFile(file, tail, growthBytes);
  }

  /** Bytes in use. */
  get tail(): number {
    return this.#tail;
  }

  /** Whether the file still has a name: what is written to it otherwise is lost with the process. */
  get isThere(): boolean {
    return fstatSync(this.#file.fd).nlink > 0;
  }

  /** @throws the file system's error; then nothing was appended. */
  async append(bytes: Buffer): Promise<void> {
    if (!this.isThere) throw deletedError();
    if (this.#torn) await this.#cut();
    const end = this.#tail + bytes.length;
    if (end > this.#size) {
      const size = Math.ceil(end / this.#growthBytes) * this.#growthBytes;
      await this.#file.truncate(size);
      this.#size = size;
    }
    this.#torn = true;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#tail + done);
      done += bytesWritten;
    }
    this.#torn = false;
    this.#tail = end;
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#tail);
    this.#size = this.#tail;
    this.#torn = false;
  }
}

export function deletedError(): Error {
  return Object.assign(new Error('the file was deleted'), { code: 'ENOENT' });
}
