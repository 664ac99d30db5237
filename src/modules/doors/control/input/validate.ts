import { validateSync } from '../../../../common/validation.js';
import { inputError, type Problem } from './input-error.js';

/** More fields than any request has: what class-validator does with unknown ones takes the square of their number. */
const MAX_FIELDS = 64;

/**
 * Checks plain data against a class of class-validator. Nothing is converted and nothing is copied: long lists stay
 * as they are.
 *
 * @throws KV_INPUT_INVALID with all problems at once.
 */
export function validate<T extends object>(type: new () => T, plain: unknown): T {
  const problems: Problem[] = [];
  const instance = inspect(type, plain, '', problems);
  if (problems.length > 0) throw inputError(problems);
  return instance;
}

/**
 * Checks each element of a list.
 *
 * @param path of the list, for messages.
 * @throws KV_INPUT_INVALID with all problems of all elements.
 */
export function validateEach<T extends object>(
  type: new () => T,
  list: readonly unknown[],
  path: string,
): readonly T[] {
  const problems: Problem[] = [];
  const instances = list.map((plain, index) => inspect(type, plain, `${path}[${index}]`, problems));
  if (problems.length > 0) throw inputError(problems);
  return instances;
}

function inspect<T extends object>(type: new () => T, plain: unknown, path: string, problems: Problem[]): T {
  const instance = new type();
  const problem = shapeProblem(plain);
  if (problem !== undefined) {
    problems.push({ path: path === '' ? 'body' : path, message: problem });
    return instance;
  }
  const within = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, value] of Object.entries(plain as Record<string, unknown>)) {
    // Names of Object.prototype, `constructor` above all, would change what the validator looks at.
    if (value === null) continue;
    if (name in Object.prototype) problems.push({ path: within(name), message: 'unknown' });
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
        path: within(error.property),
        message: rule === 'whitelistValidation' ? 'unknown' : message.replace(`${error.property} `, ''),
      });
    }
  }
  return instance;
}

function shapeProblem(plain: unknown): string | undefined {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return 'not a JSON object';
  return Object.keys(plain).length > MAX_FIELDS ? `more than ${MAX_FIELDS} fields` : undefined;
}
