import { type BlockCodec } from './block-codec.interface.js';
import { fp8Codec } from './lossy/fp8.codec.js';
import { int8Codec } from './lossy/int8.codec.js';
import { zstdCodec } from './zstd.codec.js';

export const CODECS: readonly BlockCodec[] = [zstdCodec, int8Codec, fp8Codec];

export function codecNamed(name: string): BlockCodec | undefined {
  return CODECS.find((codec) => codec.name === name);
}
