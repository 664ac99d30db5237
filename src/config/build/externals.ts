import { type Findings } from '../findings.js';
import { type ExternalConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type Namespace, Namespaces } from './external-namespaces.js';
import { builtInPluginUrl } from './plugin-url.js';
import { describeUnknownScheme, isStoreOfLmcache } from './unknown-scheme.js';

export interface ExternalContext {
  /** Folders that packages are looked for from, the first first. */
  readonly searchFrom: readonly string[];
  /** Types of tiers and schemes of URLs that need no code of users. */
  readonly tierTypes: readonly string[];
  readonly schemes?: readonly string[] | undefined;
}

/** A store of its own that a remote storage plugin asks for. */
export interface PluginStore {
  readonly name: string;
  readonly url: string;
  /** A URL was given, or follows from the settings; else the store is needed only where no other URL is the plugin's. */
  readonly isOwn: boolean;
}

/** What the configuration brings beside what kvnest has. */
export interface Externals {
  /** In the order of their listing. */
  readonly backends: readonly ExternalConfig[];
  readonly connectors: readonly ExternalConfig[];
  /** Remote storage plugins, in the order of their listing. */
  readonly stores: readonly PluginStore[];
  /** Some code has the last word about the schemes that it understands. */
  readonly isOpen: boolean;
}

/** The code that the configuration names; what is wrong with the names goes to `findings`. */
export function buildExternals(
  settings: KvnestSettings,
  context: ExternalContext,
  findings: Findings,
): Externals {
  const schemeConnectors = connectorsByScheme(settings, context, findings);
  const plugins = remoteStoragePlugins(settings, context, findings);
  return {
    backends: externalBackends(settings, context, findings),
    connectors: [...schemeConnectors, ...plugins.connectors],
    stores: plugins.stores,
    isOpen: plugins.connectors.length > 0,
  };
}

function externalBackends(
  settings: KvnestSettings,
  context: ExternalContext,
  findings: Findings,
): readonly ExternalConfig[] {
  const namespaces = new Namespaces(settings, ['storage_plugin', 'external_backend']);
  const types = (settings.tiers ?? []).map((tier) => tier?.type);
  const known = namespaces.names();
  // A tier that names a backend lists it, too.
  const listed = [
    ...(settings.storage_plugins ?? []),
    ...(settings.external_backends ?? []),
    ...known.filter((name) => types.includes(name)),
  ];
  const names = [...new Set(listed)];
  const unlisted = known.filter((name) => !names.includes(name));
  for (const name of unlisted) {
    findings.warn(`${namespaces.of(name).key}: "${name}" is not listed in storage_plugins, and not loaded`);
  }
  return names.flatMap((name) => {
    const isOldName = settings.storage_plugins?.includes(name) !== true;
    const namespace = namespaces.of(name, isOldName ? 'external_backend' : 'storage_plugin');
    if (context.tierTypes.includes(name)) {
      findings.problem(namespace.key, `"${name}" is a type that kvnest has; give the backend another name`);
      return [];
    }
    return externalConfig('backend', name, namespace, { context, findings, unlisted });
  });
}

function connectorsByScheme(
  settings: KvnestSettings,
  context: ExternalContext,
  findings: Findings,
): readonly ExternalConfig[] {
  const namespaces = new Namespaces(settings, ['external_connector']);
  return namespaces
    .names()
    .flatMap((name) => externalConfig('connector', name, namespaces.of(name), { context, findings }));
}

function remoteStoragePlugins(
  settings: KvnestSettings,
  context: ExternalContext,
  findings: Findings,
): Pick<Externals, 'connectors' | 'stores'> {
  const namespaces = new Namespaces(settings, ['remote_storage_plugin']);
  const names = [...new Set(settings.remote_storage_plugins ?? [])];
  const unlisted = namespaces.names().filter((name) => !names.includes(name));
  for (const name of unlisted) {
    const { key } = namespaces.of(name);
    findings.warn(`${key}: "${name}" is not listed in remote_storage_plugins, and not loaded`);
  }
  const connectors: ExternalConfig[] = [];
  const stores: PluginStore[] = [];
  for (const name of names) {
    const namespace = namespaces.of(name);
    const { url } = namespace.options;
    const builtIn = builtInPluginUrl(name, namespace, settings, context.schemes);
    if (builtIn === undefined) {
      connectors.push(...externalConfig('connector', name, namespace, { context, findings, unlisted }));
    }
    const given = builtIn ?? (typeof url === 'string' ? url : undefined);
    stores.push({ name, url: given ?? `${name.toLowerCase()}://`, isOwn: given !== undefined });
  }
  return { connectors, stores };
}

interface Surroundings {
  readonly context: ExternalContext;
  readonly findings: Findings;
  readonly unlisted?: readonly string[];
}

function externalConfig(
  kind: ExternalConfig['kind'],
  name: string,
  { modulePath, className, options, key }: Namespace,
  { context, findings, unlisted = [] }: Surroundings,
): readonly ExternalConfig[] {
  if (typeof modulePath !== 'string' || modulePath === '') {
    findings.problem(key, moduleMissing(kind, name, unlisted));
    return [];
  }
  if (className !== undefined && (typeof className !== 'string' || className === '')) {
    findings.problem(key.replace(/module_path$/, 'class_name'), 'must be the name of an export');
    return [];
  }
  const { searchFrom } = context;
  return [{ kind, name, modulePath, className, key, options, searchFrom }];
}

function moduleMissing(kind: ExternalConfig['kind'], name: string, unlisted: readonly string[]): string {
  const [type = name] = name.split('.', 1);
  const wanted = `must be the name of an npm package, or the path of a file, with the code of "${name}"`;
  if (kind === 'connector' && isStoreOfLmcache(type)) return `${wanted}: ${describeUnknownScheme(type, [])}`;
  return `${wanted}${suggestion(name, unlisted)}`;
}
