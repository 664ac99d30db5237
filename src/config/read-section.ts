import { plainToInstance } from 'class-transformer';
import { validateSync } from '../common/validation.js';
import { type Problem } from './findings.js';
import { suggestion } from './nearest-name.js';
import { settingsOf } from './schema/setting-registry.js';

interface ReadSection<T> {
  readonly section: T;
  /** Keys that the class does not know included. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a mapping into a class whose fields carry the decorators of `schema/setting.decorators.ts`; a key that is null
 * was not given.
 *
 * @param path of the mapping, for the problems.
 */
export function readSection<T extends object>(
  settings: new () => T,
  path: string,
  given: Readonly<Record<string, unknown>>,
): ReadSection<T> {
  const known = settingsOf(settings);
  const entries = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  const section = plainToInstance(settings, Object.fromEntries(entries.filter(([name]) => known.has(name))));
  const problems = [
    ...entries
      .filter(([name]) => !known.has(name))
      .map(([name]) => ({ path: `${path}.${name}`, message: `is unknown${suggestion(name, known.keys())}` })),
    ...validateSync(section, { forbidUnknownValues: false }).flatMap(({ property, constraints }) =>
      Object.values(constraints ?? {}).map((message) => ({ path: `${path}.${property}`, message })),
    ),
  ];
  return { section, problems };
}
