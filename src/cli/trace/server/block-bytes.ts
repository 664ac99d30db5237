import { type Trace } from '../../../modules/trace/trace.interface.js';

const MARK_BYTES = 8;

/** What is stored for the blocks of a trace: as long as they are there, each beginning with its number. */
export class BlockBytes {
  readonly #filling: Buffer;

  constructor(private readonly trace: Trace) {
    this.#filling = Buffer.alloc(trace.blockBytes.reduce((most, bytes) => Math.max(most, bytes), MARK_BYTES));
    for (let at = 0; at < this.#filling.length; at++) this.#filling[at] = at * 31 + (at >>> 8);
  }

  /** The bytes of a block, in two pieces. */
  of(block: number): readonly Uint8Array[] {
    const length = this.#lengthOf(block);
    const mark = Buffer.alloc(MARK_BYTES);
    mark.writeDoubleLE(block);
    return [mark, this.#filling.subarray(MARK_BYTES, length)];
  }

  /** Whether these are the bytes of the block, as far as a look at both ends tells. */
  matches(block: number, bytes: Uint8Array): boolean {
    if (bytes.length !== this.#lengthOf(block)) return false;
    const read = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const last = bytes.length - 1;
    return read.readDoubleLE(0) === block && (last < MARK_BYTES || read[last] === this.#filling[last]);
  }

  #lengthOf(block: number): number {
    return Math.max(MARK_BYTES, this.trace.blockBytes[block] as number);
  }
}
