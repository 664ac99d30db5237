import { ChunkKey, MAX_KEY_BYTES } from '../../../../protocols/chunk-key/chunk-key.js';
import { splitPairKey } from '../../../../protocols/chunk-key/pair-key.js';

/** What a name of a client stands for: a whole chunk, or one of the two halves that LMCache's Redis connector keeps. */
export type Part = 'value' | 'metadata' | 'kv_bytes';

export interface NamedKey {
  /** The chunk, under the stem of the name where the name is that of a half. */
  readonly chunk: ChunkKey;
  readonly part: Part;
}

/** @returns undefined for a name that is too long to be stored. */
export function nameKey(name: Buffer, namespace: number): NamedKey | undefined {
  if (name.length > MAX_KEY_BYTES) return undefined;
  const pair = splitPairKey(name);
  if (pair === undefined) return { chunk: new ChunkKey(name, namespace), part: 'value' };
  return { chunk: new ChunkKey(pair.stem, namespace), part: pair.half };
}

const HALVES = ['kv_bytes', 'metadata'] as const;

/** The names of both halves of a chunk, or undefined when its key is not a stem. */
export function namesOfHalves(stem: Buffer): readonly Buffer[] | undefined {
  const names = HALVES.map((half) => Buffer.concat([stem, Buffer.from(half)]));
  return names.every((name) => splitPairKey(name) !== undefined) ? names : undefined;
}
