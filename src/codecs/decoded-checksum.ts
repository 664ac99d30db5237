import { type BlockCodec } from './block-codec.interface.js';
import { type CodecPlace } from './codec-place.interface.js';
import { type ElementType } from './element-type.js';

/** Decodes blocks as they are encoded: the checksum of what will come back is known before anybody reads it. */
export class DecodedChecksum {
  checksum = 0;
  #scratch = Buffer.alloc(0);

  constructor(
    private readonly codec: BlockCodec,
    private readonly type: ElementType,
    private readonly crc32c: CodecPlace['crc32c'],
  ) {}

  async add(encoded: Buffer, blockBytes: number): Promise<void> {
    if (this.#scratch.length < blockBytes) this.#scratch = Buffer.allocUnsafeSlow(blockBytes);
    const target = this.#scratch.subarray(0, blockBytes);
    const write = await this.codec.decode(encoded, this.type, blockBytes);
    if (write?.(target) !== true) throw new Error(`${this.codec.name} cannot decode what it has encoded`);
    this.checksum = this.crc32c(target, this.checksum);
  }
}
