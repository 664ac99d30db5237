import { validateSync } from 'class-validator';
import { inputError, type Problem } from './input-error.js';

/**
 * Checks plain data against a class of class-validator. Nothing is converted and nothing is copied: long lists stay
 * as they are.
 *
 * @throws KV_INPUT_INVALID with all problems at once.
 */
export function validate<T extends object>(type: new () => T, plain: unknown): T {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    throw inputError([{ path: 'body', message: 'not a JSON object' }]);
  }
  const problems: Problem[] = [];
  const instance = new type();
  for (const [name, value] of Object.entries(plain as Record<string, unknown>)) {
    // Names of Object.prototype, `constructor` above all, would change what the validator looks at.
    if (value === null) continue;
    if (name in Object.prototype) problems.push({ path: name, message: 'unknown' });
    else Object.assign(instance, { [name]: value });
  }
  for (const error of validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  })) {
    for (const [rule, message] of Object.entries(error.constraints ?? {})) {
      problems.push({
        path: error.property,
        message: rule === 'whitelistValidation' ? 'unknown' : message.replace(`${error.property} `, ''),
      });
    }
  }
  if (problems.length > 0) throw inputError(problems);
  return instance;
}
