import { KvError } from '../../common/errors/kv-error.js';
import { MAX_KEY_BYTES } from './chunk-key.js';

const MAX_SALT_CHARACTERS = 128;
const SALT_EXCLUDES = /[@/\\\0]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const MODEL_REMEDY = 'Name the model as the engine does, at most a few hundred characters.';

/** A tag of a request, `@name%value` in an in-process key. */
export interface KeyTag {
  readonly name: string;
  readonly value: string;
}

/** @throws KV_INPUT_MODEL when it is empty or no Unicode, or has an `@` where a key could not be read back. */
export function checkModel(model: string, allowAt: boolean): string {
  if (model !== '' && !LONE_SURROGATE.test(model) && (allowAt || !model.includes('@'))) return model;
  throw new KvError('KV_INPUT_MODEL', `Model name ${JSON.stringify(model)} makes no key`, {
    kind: 'input',
    remedy: MODEL_REMEDY,
  });
}

/** @throws KV_INPUT_SALT beyond 128 characters and for `@`, `/`, `\`, NUL and broken Unicode. */
export function checkSalt(salt: string): string {
  const legal = !LONE_SURROGATE.test(salt) && !SALT_EXCLUDES.test(salt);
  if (legal && (salt.length <= MAX_SALT_CHARACTERS || Array.from(salt).length <= MAX_SALT_CHARACTERS))
    return salt;
  throw new KvError('KV_INPUT_SALT', 'The cache salt makes no key', {
    kind: 'input',
    remedy: `Use at most ${MAX_SALT_CHARACTERS} characters, none of @, /, \\ and NUL.`,
  });
}

/** @throws KV_INPUT_TAG for an empty name, and for a `%` or `@` that would end it early. */
export function checkTag(tag: KeyTag): KeyTag {
  const legal = /^[^@%]+$/.test(tag.name) && !tag.value.includes('@');
  if (legal && !LONE_SURROGATE.test(tag.name) && !LONE_SURROGATE.test(tag.value)) return tag;
  throw new KvError('KV_INPUT_TAG', `Tag ${JSON.stringify(tag.name)} makes no key`, {
    kind: 'input',
    remedy: 'Use names without @ and %, and values without @.',
  });
}

/** @throws `code` unless it is an integer of 0 to 2^32 - 1. */
export function checkUint32(
  code: 'KV_INPUT_RANK' | 'KV_INPUT_GROUP' | 'KV_INPUT_LAYER',
  name: string,
  value: number,
): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new KvError(code, `${name} is ${value}`, {
    kind: 'input',
    remedy: `Give ${name} as an unsigned integer.`,
  });
}

/** @throws KV_INPUT_KEY_TOO_LONG beyond `MAX_KEY_BYTES`. */
export function checkKeyLength(key: string): string {
  if (3 * key.length <= MAX_KEY_BYTES || Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
  throw new KvError('KV_INPUT_KEY_TOO_LONG', `The key is longer than ${MAX_KEY_BYTES} bytes`, {
    kind: 'input',
    remedy: MODEL_REMEDY,
  });
}
