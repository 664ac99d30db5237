import { shuffleBytes, unshuffleBytes } from '../protocols/encoded-chunk/byte-shuffle.js';
import { type BlockCodec } from './block-codec.interface.js';
import { ownTurn } from './own-turn.js';
import { compressBlock, decompressBlock, HAS_ZSTD } from './zstd-frame.js';

/** Half a megabyte shuffled is a tenth of a millisecond of the event loop (half of one for four-byte values), and planes as long as zstd's own blocks. */
const BLOCK_BYTES = 512 * 1024;

/** Without loss: shuffled bytes, each block a zstd frame of its own, made in a thread of the pool. */
export const zstdCodec: BlockCodec = {
  name: 'zstd',
  maxError: 0,
  blockBytes: BLOCK_BYTES,
  takes: () => HAS_ZSTD,
  encode: async (block, { bytes }, room) => {
    await ownTurn();
    const shuffled = room.subarray(0, block.length);
    shuffleBytes(block, shuffled, bytes);
    return (await compressBlock(shuffled)) ?? 'busy';
  },
  decode: async (encoded, { bytes }, blockBytes) => {
    const shuffled = HAS_ZSTD ? await decompressBlock(encoded, blockBytes) : undefined;
    if (shuffled === undefined) return undefined;
    await ownTurn();
    return (target) => {
      unshuffleBytes(shuffled, target, bytes);
      return true;
    };
  },
};
