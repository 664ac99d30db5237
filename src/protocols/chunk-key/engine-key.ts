import { KvError } from '../../common/errors/kv-error.js';
import { engineDtypeName } from './engine-dtype.js';
import { checkKeyLength, checkModel, checkTag, checkUint32, type KeyTag } from './key-fields.js';

const FOLDED_BYTES = 8;

/** The tag that keeps tenants apart in in-process keys, which have no place of their own for a salt. */
export const CACHE_SALT_TAG = 'cache_salt';

export interface EngineKeyFields {
  readonly model: string;
  readonly worldSize: number;
  readonly workerId: number;
  /** The number in the key, or a digest of which the first 8 bytes are that number, big-endian. */
  readonly chunkHash: bigint | Uint8Array;
  /** PyTorch's name or that of the key (`bfloat16`, `half`, `fp8_e4m3fn` …). */
  readonly dtype: string;
  /** Only in the key of one layer of a chunk. */
  readonly layer?: number;
  readonly tags?: readonly KeyTag[];
}

/** The key of LMCache's in-process mode: `model@world_size@worker_id@chunk_hash@dtype[@layer][@tag%value…]`. */
export interface EngineKey extends EngineKeyFields {
  readonly kind: 'engine';
  readonly chunkHash: bigint;
  readonly tags: readonly KeyTag[];
  /** Whether it began with `vllm@`, as in old releases. */
  readonly legacy: boolean;
}

/**
 * @throws KV_INPUT_MODEL, KV_INPUT_RANK, KV_INPUT_HASH, KV_INPUT_DTYPE, KV_INPUT_LAYER, KV_INPUT_TAG,
 * KV_INPUT_KEY_TOO_LONG
 */
export function formatEngineKey(fields: EngineKeyFields): string {
  const parts = [
    checkModel(fields.model, true),
    checkUint32('KV_INPUT_RANK', 'worldSize', fields.worldSize),
    checkUint32('KV_INPUT_RANK', 'workerId', fields.workerId),
    foldHash(fields.chunkHash).toString(16),
    engineDtypeName(fields.dtype),
  ];
  if (fields.layer !== undefined) parts.push(checkUint32('KV_INPUT_LAYER', 'layer', fields.layer));
  for (const tag of fields.tags ?? []) {
    const { name, value } = checkTag(tag);
    parts.push(`${name}%${value}`);
  }
  return checkKeyLength(parts.join('@'));
}

function foldHash(hash: bigint | Uint8Array): bigint {
  if (typeof hash === 'bigint') return hash;
  if (hash.length >= FOLDED_BYTES)
    return Buffer.from(hash.buffer, hash.byteOffset, FOLDED_BYTES).readBigUInt64BE();
  throw new KvError('KV_INPUT_HASH', `A digest of ${hash.length} bytes cannot be folded to ${FOLDED_BYTES}`, {
    kind: 'input',
    remedy: `Give a digest of at least ${FOLDED_BYTES} bytes, or the number itself.`,
  });
}

/** `vllm@` in front is the old form; behind the dtype a part of nothing but digits is a layer. */
const ENGINE_KEY = new RegExp(
  '^(?<model>[^]*?)@(?<worldSize>\\d{1,10})@(?<workerId>\\d{1,10})@(?<hash>-?[\\da-fA-F]{1,128})@(?<dtype>[^@]*)' +
    '(?:@(?<layer>\\d{1,10}))?(?:@(?<tags>[^]*))?$',
);
const LEGACY_PREFIX = 'vllm@';

export function parseEngineKey(text: string): EngineKey | undefined {
  const groups = ENGINE_KEY.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { worldSize = '', workerId = '', hash = '', dtype = '', layer, tags } = groups;
  const { model, legacy } = stripLegacyPrefix(groups['model'] ?? '');
  return {
    kind: 'engine',
    model,
    worldSize: Number(worldSize),
    workerId: Number(workerId),
    chunkHash: parseHash(hash),
    dtype,
    ...(layer === undefined ? {} : { layer: Number(layer) }),
    tags: tags === undefined ? [] : tags.split('@').map(parseTag),
    legacy,
  };
}

/** The model and the tenant of an in-process key, without the cost of the rest. */
export function describeEngineKey(text: string): { model: string; tenant: string } | undefined {
  const match = ENGINE_KEY.exec(text);
  if (match === null) return undefined;
  const tags = match[7] ?? '';
  const salted = tags.startsWith(`${CACHE_SALT_TAG}%`) && !tags.includes('@');
  const tenant = salted ? tags.slice(CACHE_SALT_TAG.length + 1) : tags;
  return { model: stripLegacyPrefix(match[1] ?? '').model, tenant };
}

function stripLegacyPrefix(model: string): { model: string; legacy: boolean } {
  const legacy = model.startsWith(LEGACY_PREFIX);
  return { model: legacy ? model.slice(LEGACY_PREFIX.length) : model, legacy };
}

function parseHash(part: string): bigint {
  return part.startsWith('-') ? -BigInt(`0x${part.slice(1)}`) : BigInt(`0x${part}`);
}

function parseTag(part: string): KeyTag {
  const percent = part.indexOf('%');
  return percent === -1
    ? { name: part, value: '' }
    : { name: part.slice(0, percent), value: part.slice(percent + 1) };
}
