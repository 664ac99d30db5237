import { KvError } from '../common/errors/kv-error.js';
import { readSection } from './read-section.js';
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
  const { section, problems } = readSection(settings, 'options', given);
  if (problems.length === 0) return section;
  const known = settingsOf(settings);
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new KvError('KV_CONFIG_INVALID', `the tier "${tier}" is not configured right: ${lines.join('; ')}`, {
    kind: 'config',
    remedy: known.size === 0 ? 'It has no options.' : `Its options are ${[...known.keys()].join(', ')}.`,
    details: { problems },
  });
}
