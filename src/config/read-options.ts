import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { KvError } from '../common/errors/kv-error.js';
import { suggestion } from './nearest-name.js';
import { settingsOf } from './schema/setting-registry.js';

/**
 * Reads the `options` of a tier into a class whose fields carry the decorators of `schema/setting.decorators.ts`; an
 * option that is `null` was not given.
 *
 * @throws KV_CONFIG_INVALID with everything that is wrong, options that the class does not know included.
 */
export function readOptions<T extends object>(
  settings: new () => T,
  tier: string,
  given: Readonly<Record<string, unknown>>,
): T {
  const known = settingsOf(settings);
  const entries = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  const options = plainToInstance(settings, Object.fromEntries(entries.filter(([name]) => known.has(name))));
  const problems = [
    ...entries
      .filter(([name]) => !known.has(name))
      .map(([name]) => ({ path: `options.${name}`, message: `is unknown${suggestion(name, known.keys())}` })),
    ...validateSync(options, { forbidUnknownValues: false }).flatMap(({ property, constraints }) =>
      Object.values(constraints ?? {}).map((message) => ({ path: `options.${property}`, message })),
    ),
  ];
  if (problems.length === 0) return options;
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new KvError('KV_CONFIG_INVALID', `the tier "${tier}" is not configured right: ${lines.join('; ')}`, {
    kind: 'config',
    remedy: known.size === 0 ? 'It has no options.' : `Its options are ${[...known.keys()].join(', ')}.`,
    details: { problems },
  });
}
