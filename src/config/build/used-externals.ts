import { type ExternalConfig, type TierConfig } from '../kvnest-config.interface.js';
import { type BuildContext } from './tier-context.js';
import { EXTERNAL_SCHEME, parseExternalUrl } from './external-url.js';
import { type Externals } from './externals.js';

interface UseContext extends Pick<BuildContext, 'cwd' | 'configFolder'> {
  /** The tiers come from `tiers`, and from no other key. */
  readonly areListed: boolean;
}

/** Folders that packages of users are looked for from. */
export function searchFolders({ cwd, configFolder }: Pick<BuildContext, 'cwd' | 'configFolder'>): string[] {
  return configFolder === undefined || configFolder === cwd ? [cwd] : [cwd, configFolder];
}

/** The code to load: backends that a tier needs, all connectors, and what URLs name themselves. */
export function usedExternals(
  { backends, connectors }: Externals,
  tiers: readonly TierConfig[],
  context: UseContext,
): readonly ExternalConfig[] {
  const used = backends.filter(({ name }) => tiers.some(({ type }) => type === name));
  return [...used, ...connectors, ...namedByUrls(tiers, context)];
}

function namedByUrls(tiers: readonly TierConfig[], context: UseContext): readonly ExternalConfig[] {
  const searchFrom = searchFolders(context);
  const found = tiers.flatMap(({ name, url = '' }): ExternalConfig[] => {
    const named = parseExternalUrl(url);
    const key = context.areListed ? `url of tier ${name}` : 'remote_url';
    if (named === undefined) return [];
    return [{ kind: 'connector', name: EXTERNAL_SCHEME, ...named, key, options: {}, searchFrom }];
  });
  return found.filter((external, index) => found.findIndex((other) => areSame(external, other)) === index);
}

function areSame(one: ExternalConfig, other: ExternalConfig): boolean {
  return one.modulePath === other.modulePath && one.className === other.className;
}
