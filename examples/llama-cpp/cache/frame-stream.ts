/** A frame is `u32 length | JSON header`, little-endian; the bytes that its header announces follow. */
export function encodeFrame(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.allocUnsafe(4);
  prefix.writeUInt32LE(json.length);
  return Buffer.concat([prefix, json]);
}

/** Takes frames out of a stream of bytes. */
export class FrameStream {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async header(): Promise<unknown> {
    const length = (await this.bytes(4)).readUInt32LE();
    return JSON.parse((await this.bytes(length)).toString()) as unknown;
  }

  /** Exactly the next `length` bytes. @throws when the stream ends before. */
  async bytes(length: number): Promise<Buffer> {
    const pieces = [this.#rest];
    let available = this.#rest.length;
    while (available < length) {
      const next = await this.#source.next();
      if (next.done) throw new Error('The answer was cut off');
      pieces.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength));
      available += next.value.byteLength;
    }
    const joined = pieces.length === 1 ? this.#rest : Buffer.concat(pieces, available);
    this.#rest = joined.subarray(length);
    return joined.subarray(0, length);
  }
}
