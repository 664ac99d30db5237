/** Memory of the length of a block, used again. */
export class BlockBuffers {
  readonly #free: Buffer[] = [];

  constructor(private readonly blockBytes: number) {}

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.blockBytes);
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
