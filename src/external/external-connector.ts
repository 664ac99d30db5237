import { KvError } from '../common/errors/kv-error.js';
import { EXTERNAL_SCHEME, parseExternalUrl } from '../config/build/external-url.js';
import { deepFreeze } from '../config/deep-freeze.js';
import {
  type ConnectorDefinition,
  type ConnectorLookup,
  type ConnectorTarget,
} from '../connectors/connector-definition.interface.js';
import { getConnectorToken } from '../connectors/connectors.tokens.js';
import { adaptPlainConnector } from '../connectors/plain-connector.adapter.js';
import { type PlainConnector } from '../connectors/plain-connector.interface.js';
import { type RemoteConnector } from '../connectors/remote-connector.interface.js';
import { isRemoteConnector, missingOfConnector, missingOfPlainConnector } from './contract-check.js';
import { type ExtensionServices } from './extension-context.interface.js';
import { ExtensionModule } from './extension.module.js';
import { externalClass, externalMethods } from './external-errors.js';
import { type LoadedExternal } from './load-external.js';

/** The connector that an extension brings, for the scheme that the configuration gives it and those it names itself. */
export function externalConnector(loaded: LoadedExternal): ConnectorDefinition {
  const { name } = loaded.external;
  return {
    type: name,
    schemes: [...new Set([name.toLowerCase(), ...schemesOf(loaded)])],
    register: (target, find) => registerConnector(loaded, target, find),
  };
}

/** One definition for all URLs that name their code themselves: `external://host:0/module/?connector_name=Class`. */
export function connectorsNamedByUrls(all: readonly LoadedExternal[]): ConnectorDefinition {
  return {
    type: EXTERNAL_SCHEME,
    schemes: [EXTERNAL_SCHEME],
    register: (target, find) => {
      const named = parseExternalUrl(target.url.text);
      const loaded = all.find(
        ({ external: { modulePath, className } }) =>
          modulePath === named?.modulePath && className === named.className,
      );
      if (loaded !== undefined) return registerConnector(loaded, target, find);
      throw new KvError('KV_CONFIG_UNKNOWN_SCHEME', `${target.url.label} names code that no tier names`, {
        kind: 'config',
        remedy: 'Give a connector that others wrap as external_connector.<scheme>.module_path.',
      });
    },
  };
}

function registerConnector(
  loaded: LoadedExternal,
  target: ConnectorTarget,
  find: ConnectorLookup,
): ReturnType<ConnectorDefinition['register']> {
  const { external, description } = loaded;
  return ExtensionModule.register({
    loaded,
    token: getConnectorToken(target.tier),
    tokenCall: 'getConnectorToken(target.tier)',
    tier: target.tier,
    target: { ...target, options: deepFreeze({ ...external.options, ...target.options }) },
    find,
    finish: (instance, services) => {
      services.logger.log(`connector ${description}`);
      return finished(loaded, Object(instance) as object, target.url.label, services);
    },
  });
}

/** @throws KV_EXTERNAL_METHODS */
function finished(
  { external, description }: LoadedExternal,
  instance: object,
  label: string,
  { arena, space }: ExtensionServices,
): RemoteConnector {
  const isRemote = isRemoteConnector(instance);
  const missing = isRemote ? missingOfConnector(instance) : missingOfPlainConnector(instance);
  if (missing.length > 0) {
    throw externalMethods(external, description, isRemote ? 'RemoteConnector' : 'PlainConnector', missing);
  }
  return isRemote ? instance : adaptPlainConnector(instance as PlainConnector, { arena, space, label });
}

/** What the class, the definition or the module says; of a plug-in, the configuration knows only its name. */
function schemesOf({ external, description, exported, namespace }: LoadedExternal): readonly string[] {
  const holders = [Object(exported) as object, namespace, Object(namespace['default']) as object];
  const given = holders.map((holder) => (holder as { readonly schemes?: unknown }).schemes);
  const schemes = given.find((candidate) => candidate !== undefined) ?? [];
  if (Array.isArray(schemes) && schemes.every((scheme) => typeof scheme === 'string')) {
    return schemes.map((scheme) => scheme.toLowerCase());
  }
  const remedy = 'Write a list such as ["mystore"].';
  throw externalClass(external, description, 'has schemes that are no list of texts', remedy);
}
