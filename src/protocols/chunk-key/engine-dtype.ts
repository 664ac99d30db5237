import { KvError } from '../../common/errors/kv-error.js';

/** The names of element types in in-process keys, with the bytes of an element; the last two are those of older releases. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['half', 2],
  ['bfloat16', 2],
  ['float', 4],
  ['double', 8],
  ['int8', 1],
  ['uint8', 1],
  ['int16', 2],
  ['int32', 4],
  ['int64', 8],
  ['bool', 1],
  ['fp8_e4m3fn', 1],
  ['fp8_e4m3fnuz', 1],
  ['fp8_e5m2', 1],
  ['fp8_e5m2fnuz', 1],
  ['fp8', 1],
  ['fp8_e4m3', 1],
]);

const TORCH_NAMES: Readonly<Record<string, string>> = {
  float16: 'half',
  float32: 'float',
  float64: 'double',
  float8_e4m3fn: 'fp8_e4m3fn',
  float8_e4m3fnuz: 'fp8_e4m3fnuz',
  float8_e5m2: 'fp8_e5m2',
  float8_e5m2fnuz: 'fp8_e5m2fnuz',
};

/** PyTorch's name or the key's own, as it stands in a key. @throws KV_INPUT_DTYPE for an unknown one. */
export function engineDtypeName(name: string): string {
  const keyName = Object.hasOwn(TORCH_NAMES, name) ? TORCH_NAMES[name] : name;
  if (keyName !== undefined && ELEMENT_BYTES.has(keyName)) return keyName;
  throw new KvError('KV_INPUT_DTYPE', `Unknown dtype ${JSON.stringify(name)}`, {
    kind: 'input',
    remedy: `Use one of ${[...ELEMENT_BYTES.keys()].join(', ')}.`,
  });
}

/** The bytes of one element of a type, by its name in a key; undefined for an unknown one. */
export function engineDtypeBytes(keyName: string): number | undefined {
  return ELEMENT_BYTES.get(keyName);
}
