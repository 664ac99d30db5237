import { KvError } from '../../common/errors/kv-error.js';
import { checkKeyLength, checkModel, checkSalt, checkUint32 } from './key-fields.js';
import { type KvRank, packKvRank, unpackKvRank } from './kv-rank.js';

const MAX_HASH_BYTES = 64;

export interface ObjectKeyFields {
  /** Without `@`. */
  readonly model: string;
  /** Packed or in its parts. */
  readonly kvRank: number | KvRank;
  /** Default 0. */
  readonly objectGroupId?: number;
  /** The whole digest: 32 bytes for BLAKE3 and SHA-256. */
  readonly chunkHash: Uint8Array;
  /** Tenant; `''` (default) = none. At most 128 characters, none of `@`, `/`, `\`, NUL. */
  readonly cacheSalt?: string;
}

/** The key of LMCache's multi-process mode: `[prefix@]model@kv_rank@group@hash[@salt]`. */
export interface ObjectKey {
  readonly kind: 'object';
  /** What a client puts before all its keys, `''` = nothing. */
  readonly prefix: string;
  readonly model: string;
  readonly kvRank: KvRank;
  readonly objectGroupId: number;
  readonly chunkHash: Buffer;
  readonly cacheSalt: string;
}

/** @throws KV_INPUT_MODEL, KV_INPUT_RANK, KV_INPUT_GROUP, KV_INPUT_HASH, KV_INPUT_SALT, KV_INPUT_KEY_TOO_LONG */
export function formatObjectKey(fields: ObjectKeyFields): string {
  const model = checkModel(fields.model, false);
  const rank =
    typeof fields.kvRank === 'number'
      ? checkUint32('KV_INPUT_RANK', 'kvRank', fields.kvRank)
      : packKvRank(fields.kvRank);
  const group = checkUint32('KV_INPUT_GROUP', 'objectGroupId', fields.objectGroupId ?? 0);
  const hash = hexHash(fields.chunkHash);
  const salt = checkSalt(fields.cacheSalt ?? '');
  const key = `${model}@${rank.toString(16).padStart(8, '0')}@${group.toString(16)}@${hash}`;
  return checkKeyLength(salt === '' ? key : `${key}@${salt}`);
}

function hexHash(hash: Uint8Array): string {
  if (hash.length > 0 && hash.length <= MAX_HASH_BYTES) {
    return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex');
  }
  throw new KvError('KV_INPUT_HASH', `A chunk hash has 1 to ${MAX_HASH_BYTES} bytes, not ${hash.length}`, {
    kind: 'input',
    remedy: 'Give the whole digest.',
  });
}

/** The 8 digits of the rank tell it from an in-process key: no world there has so many workers. */
const OBJECT_KEY = new RegExp(
  '^(?:(?<prefix>[^@]*)@)??(?<model>[^@]*)@(?<rank>[\\da-f]{8})@(?<group>0|[1-9a-f][\\da-f]{0,7})' +
    '@(?<hash>(?:[\\da-fA-F]{2}){1,64})(?:@(?<salt>[^@]*))?$',
);

export function parseObjectKey(text: string): ObjectKey | undefined {
  const groups = OBJECT_KEY.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { prefix = '', model = '', rank = '', group = '', hash = '', salt = '' } = groups;
  return {
    kind: 'object',
    prefix,
    model,
    kvRank: unpackKvRank(Number.parseInt(rank, 16)),
    objectGroupId: Number.parseInt(group, 16),
    chunkHash: Buffer.from(hash, 'hex'),
    cacheSalt: salt,
  };
}

/** The model and the tenant of an object key, without the cost of the rest. */
export function describeObjectKey(text: string): { model: string; tenant: string } | undefined {
  const match = OBJECT_KEY.exec(text);
  if (match === null) return undefined;
  return { model: match[2] ?? '', tenant: match[6] ?? '' };
}
