import { KvError } from '../../../../common/errors/kv-error.js';

export interface Problem {
  /** Where, as `tokens[3]` or `?ttl_ms`. */
  readonly path: string;
  readonly message: string;
}

/** One error for everything that is wrong with a request. */
export function inputError(problems: readonly Problem[]): KvError {
  const message = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  return new KvError('KV_INPUT_INVALID', message, { kind: 'input', details: { problems } });
}
