import { loadNative } from '../arena/native/load-native.js';
import { type NativeBlocks } from '../arena/native/native-blocks.types.js';
import { crc32c } from '../common/crc32c.js';
import { shuffleBytes, unshuffleBytes } from '../protocols/encoded-chunk/byte-shuffle.js';
import { type BlockCodec } from './block-codec.interface.js';
import { ownTurn } from './own-turn.js';
import { compressBlock, decompressBlock, HAS_ZSTD } from './zstd-frame.js';

/** Planes as long as zstd's own blocks, where elements have two or four bytes. */
const BLOCK_BYTES = 512 * 1024;

/** What shuffles whole blocks. */
type Shuffler = Pick<NativeBlocks, 'shuffle' | 'unshuffle'>;

/** Half a megabyte is a tenth of a millisecond of the event loop, half of one for elements of four bytes. */
const IN_TURNS: Shuffler = {
  shuffle: async (source, target, elementBytes) => {
    await ownTurn();
    shuffleBytes(source, target, elementBytes);
  },
  unshuffle: async (source, target, elementBytes) => {
    await ownTurn();
    unshuffleBytes(source, target, elementBytes);
    return crc32c(target);
  },
};

/** Without loss: shuffled bytes, each block a zstd frame of its own, made in a thread of the pool. */
export function createZstdCodec(blocks: NativeBlocks | undefined): BlockCodec {
  const shuffler = blocks ?? IN_TURNS;
  return {
    name: 'zstd',
    maxError: 0,
    blockBytes: BLOCK_BYTES,
    takes: () => HAS_ZSTD,
    encode: async (block, { bytes: elementBytes }, room) => {
      const shuffled = room.subarray(0, block.length);
      await shuffler.shuffle(block, shuffled, elementBytes);
      const bytes = await compressBlock(shuffled);
      return bytes === undefined ? 'busy' : { bytes };
    },
    decode: async (encoded, { bytes: elementBytes }, target) => {
      const shuffled = HAS_ZSTD ? await decompressBlock(encoded, target.length) : undefined;
      return shuffled && (await shuffler.unshuffle(shuffled, target, elementBytes));
    },
  };
}

export const zstdCodec = createZstdCodec(loadNative().addon?.blocks);
