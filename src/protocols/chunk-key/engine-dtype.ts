import { KvError } from '../../common/errors/kv-error.js';

/** The names of element types in in-process keys; the last two are those of older releases. */
const KEY_NAMES = new Set(
  (
    'half bfloat16 float double int8 uint8 int16 int32 int64 bool ' +
    'fp8_e4m3fn fp8_e4m3fnuz fp8_e5m2 fp8_e5m2fnuz fp8 fp8_e4m3'
  ).split(' '),
);

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
  if (keyName !== undefined && KEY_NAMES.has(keyName)) return keyName;
  throw new KvError('KV_INPUT_DTYPE', `Unknown dtype ${JSON.stringify(name)}`, {
    kind: 'input',
    remedy: `Use one of ${[...KEY_NAMES].join(', ')}.`,
  });
}
