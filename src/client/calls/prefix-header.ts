import { endianness } from 'node:os';
import { clientInput } from '../client-errors.js';
import { hashBytes } from '../cluster/rendezvous.js';
import { type PrefixOptions, type PrefixPlace } from '../kvnest-client.interface.js';

/** Whose tokens, as the server is told: what is undefined is left out. */
export interface PrefixIdentity {
  readonly model: string;
  readonly world_size?: number | undefined;
  readonly worker_id?: number | undefined;
  readonly local_world_size?: number | undefined;
  readonly local_rank?: number | undefined;
  readonly object_group_id?: number | undefined;
  readonly dtype?: string | undefined;
  readonly cache_salt?: string | undefined;
}

/** @throws KV_CLIENT_INPUT */
export function prefixIdentity(options: PrefixOptions, defaultModel: string | undefined): PrefixIdentity {
  const { model = defaultModel } = options;
  if (model === undefined || model === '')
    throw clientInput('Tokens of which model?', 'Pass model with the call, or to connect().');
  return {
    model,
    world_size: options.worldSize,
    worker_id: options.workerId,
    local_world_size: options.localWorldSize,
    local_rank: options.localRank,
    object_group_id: options.objectGroupId,
    dtype: options.dtype,
    cache_salt: options.cacheSalt,
  };
}

const MAX_UINT32 = 2 ** 32 - 1;

/** @returns the tokens as they go over the wire, in memory of their own. @throws KV_CLIENT_INPUT */
export function tokenBytes(tokens: ArrayLike<number>): Buffer {
  if (!(tokens instanceof Uint32Array)) checkTokens(tokens);
  const numbers = Uint32Array.from(tokens);
  const bytes = Buffer.from(numbers.buffer);
  return endianness() === 'LE' ? bytes : bytes.swap32();
}

function checkTokens(tokens: ArrayLike<number>): void {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) > MAX_UINT32)
      throw clientInput(`Token ${i} is ${String(token)}, and must be a whole number of 32 bits`);
  }
}

/**
 * Prefixes that begin with the same chunk have the same, so that a prefix lies whole at one server. Who says what the server
 * takes for a default anyway means the same.
 */
export function prefixHash(identity: PrefixIdentity, tokens: Buffer, chunkTokens: number): number {
  const {
    world_size = 1,
    worker_id = 0,
    object_group_id = 0,
    dtype = 'bfloat16',
    cache_salt = '',
  } = identity;
  const { model, local_world_size = world_size, local_rank = worker_id } = identity;
  const name = Buffer.from(
    JSON.stringify([
      model,
      world_size,
      worker_id,
      local_world_size,
      local_rank,
      object_group_id,
      dtype,
      cache_salt,
    ]),
  );
  return hashBytes(tokens.subarray(0, 4 * chunkTokens), hashBytes(name));
}

/** A place as servers write it. */
export interface PlaceJson {
  readonly index: number;
  readonly start_token: number;
  readonly tokens: number;
  readonly key: string;
}

export function readPlace({ index, start_token, tokens, key }: PlaceJson): PrefixPlace {
  return { index, startToken: start_token, tokens, key };
}

/** As servers write checksums. */
export function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
