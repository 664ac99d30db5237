import { type ExternalConfig, type TierConfig } from '../kvnest-config.interface.js';
import { type BuildContext } from './tier-context.js';
import { EXTERNAL_SCHEME, parseExternalUrl } from './external-url.js';
import { type Externals } from './externals.js';

/** Folders that packages of users are looked for from. */
export function searchFolders({ cwd, configFolder }: Pick<BuildContext, 'cwd' | 'configFolder'>): string[] {
  return configFolder === undefined || configFolder === cwd ? [cwd] : [cwd, configFolder];
}

/** The code to load: backends that a tier needs, all connectors, and what URLs name themselves. */
export function usedExternals(
  { backends, connectors }: Externals,
  tiers: readonly TierConfig[],
  context: Pick<BuildContext, 'cwd' | 'configFolder'>,
): readonly ExternalConfig[] {
  const used = backends.filter(({ name }) => tiers.some(({ type }) => type === name));
  return [...used, ...connectors, ...namedByUrls(tiers, searchFolders(context))];
}

function namedByUrls(tiers: readonly TierConfig[], searchFrom: readonly string[]): readonly ExternalConfig[] {
  const found = tiers.flatMap(({ url = '' }) => parseExternalUrl(url) ?? []);
  const distinct = found.filter(
    ({ modulePath, className }, index) =>
      found.findIndex((other) => other.modulePath === modulePath && other.className === className) === index,
  );
  return distinct.map(({ modulePath, className }) => ({
    kind: 'connector',
    name: EXTERNAL_SCHEME,
    modulePath,
    className,
    key: 'remote_url',
    options: {},
    searchFrom,
  }));
}
