import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** The checksums of the chunks that were last put or read, so many and no more. */
export class ChecksumMemory {
  /** The one that was not asked for the longest stands in front. */
  readonly #checksums = new Map<string, number>();

  constructor(private readonly capacity: number) {}

  /** @returns undefined when nothing is remembered of this chunk. */
  recall({ id }: ChunkKey): number | undefined {
    const checksum = this.#checksums.get(id);
    if (checksum !== undefined) this.#place(id, checksum);
    return checksum;
  }

  remember({ id }: ChunkKey, checksum: number): void {
    this.#place(id, checksum);
    const [oldest] = this.#checksums.keys();
    if (this.#checksums.size > this.capacity && oldest !== undefined) this.#checksums.delete(oldest);
  }

  forget({ id }: ChunkKey): void {
    this.#checksums.delete(id);
  }

  #place(id: string, checksum: number): void {
    this.#checksums.delete(id);
    this.#checksums.set(id, checksum);
  }
}
