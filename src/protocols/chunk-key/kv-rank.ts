import { KvError } from '../../common/errors/kv-error.js';

/** One shard of a model: its place in the whole world and in that of its machine. Each number is 0 to 255. */
export interface KvRank {
  readonly worldSize: number;
  readonly globalRank: number;
  readonly localWorldSize: number;
  readonly localRank: number;
}

/** @throws KV_INPUT_RANK unless each number fits one byte. */
export function packKvRank(rank: KvRank): number {
  return (
    (byte('worldSize', rank.worldSize) * 2 ** 24 +
      (byte('globalRank', rank.globalRank) << 16) +
      (byte('localWorldSize', rank.localWorldSize) << 8) +
      byte('localRank', rank.localRank)) >>>
    0
  );
}

/** @param packed an unsigned 32-bit integer. */
export function unpackKvRank(packed: number): KvRank {
  return {
    worldSize: packed >>> 24,
    globalRank: (packed >>> 16) & 0xff,
    localWorldSize: (packed >>> 8) & 0xff,
    localRank: packed & 0xff,
  };
}

function byte(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return value;
  throw new KvError('KV_INPUT_RANK', `${name} is ${value}, but an object key has one byte for it`, {
    kind: 'input',
    remedy: 'Use ranks and world sizes from 0 to 255.',
  });
}
