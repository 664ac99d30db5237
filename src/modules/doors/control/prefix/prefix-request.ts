import { type PrefixRequest } from '../../../engine/cache-engine.interface.js';
import { inputError } from '../input/input-error.js';
import { fromBase64 } from '../input/encodings.js';
import { type PrefixDto } from './prefix.dto.js';

/**
 * What the engine needs to know of a validated body.
 *
 * @throws KV_INPUT_INVALID unless the tokens are given once and in a readable form.
 */
export function prefixRequestOf(dto: PrefixDto): PrefixRequest {
  return {
    model: dto.model,
    tokens: tokensOf(dto),
    ...(dto.world_size === undefined ? {} : { worldSize: dto.world_size }),
    ...(dto.worker_id === undefined ? {} : { workerId: dto.worker_id }),
    ...(dto.local_world_size === undefined ? {} : { localWorldSize: dto.local_world_size }),
    ...(dto.local_rank === undefined ? {} : { localRank: dto.local_rank }),
    ...(dto.object_group_id === undefined ? {} : { objectGroupId: dto.object_group_id }),
    ...(dto.dtype === undefined ? {} : { dtype: dto.dtype }),
    ...(dto.cache_salt === undefined ? {} : { cacheSalt: dto.cache_salt }),
  };
}

function tokensOf({ tokens, tokens_b64 }: PrefixDto): Uint32Array {
  if ((tokens === undefined) === (tokens_b64 === undefined)) {
    throw inputError([{ path: 'tokens', message: 'give either tokens or tokens_b64' }]);
  }
  if (tokens !== undefined) return Uint32Array.from(tokens);
  const bytes = fromBase64(tokens_b64 ?? '');
  if (bytes === undefined || bytes.length % 4 !== 0) {
    throw inputError([{ path: 'tokens_b64', message: 'not base64 of little-endian u32 values' }]);
  }
  const ids = new Uint32Array(bytes.length / 4);
  for (let index = 0; index < ids.length; index++) ids[index] = bytes.readUInt32LE(4 * index);
  return ids;
}
