import { KvError } from '../common/errors/kv-error.js';
import { describeUnknownScheme } from '../config/build/unknown-scheme.js';
import { type ConnectorDefinition, type ConnectorLookup } from './connector-definition.interface.js';

/** Earlier definitions win. */
export function connectorLookup(definitions: readonly ConnectorDefinition[]): ConnectorLookup {
  return (scheme) => {
    const definition = definitions.find(({ schemes }) => schemes.includes(scheme));
    if (definition !== undefined) return definition;
    const known = definitions.flatMap(({ schemes }) => schemes);
    throw new KvError('KV_CONFIG_UNKNOWN_SCHEME', describeUnknownScheme(scheme, known), {
      kind: 'config',
      remedy: `Use one of ${known.join(', ')}, or bring a connector: external_connector.${scheme}.module_path.`,
    });
  };
}
