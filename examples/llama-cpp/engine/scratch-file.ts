import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file that lives in memory where there is `/dev/shm`: llama.cpp gives and takes states as files only. */
export class ScratchFile implements Disposable {
  readonly #folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kvnest-llama-'));
  readonly path = join(this.#folder, 'state');

  async write(pieces: readonly Buffer[]): Promise<void> {
    await using file = await open(this.path, 'w');
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await file.writev(pieces);
    if (bytesWritten !== length)
      throw new Error(`Only ${bytesWritten} of ${length} bytes fit into ${this.path}`);
  }

  async read(): Promise<Buffer> {
    return readFile(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
