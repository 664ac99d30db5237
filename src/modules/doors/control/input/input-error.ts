import { KvError } from '../../../../common/errors/kv-error.js';

export interface Problem {
  /** Where, as `tokens[3]` or `?ttl_ms`. */
  readonly path: string;
  readonly message: string;
}

/** So many problems are told of one request. */
const MAX_PROBLEMS = 100;

/** One error for everything that is wrong with a request. */
export function inputError(all: readonly Problem[]): KvError {
  const problems = all.slice(0, MAX_PROBLEMS);
  const told = problems.map(({ path, message }) => `${path}: ${message}`);
  if (all.length > MAX_PROBLEMS) told.push(`and ${all.length - MAX_PROBLEMS} more`);
  return new KvError('KV_INPUT_INVALID', told.join('; '), { kind: 'input', details: { problems } });
}
