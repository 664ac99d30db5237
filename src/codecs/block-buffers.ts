/** Memory of one length, used again. */
export class BlockBuffers {
  readonly #free: Buffer[] = [];

  constructor(private readonly bytes: number) {}

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
